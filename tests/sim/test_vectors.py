"""The cycle-vector harness itself: when outputs are read, wide and signed ports, wrong names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.sim.vectors import VectorSimulation, build


class Sample(wiring.Component):
    """Negated lanes in the same cycle and a cycle later; the middle of a wide word."""

    def __init__(self) -> None:
        lanes = data.ArrayLayout(signed(13), 3)
        ports = {"x": In(lanes), "now": Out(lanes), "later": Out(lanes), "wide": In(100), "middle": Out(40)}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += [self.now[lane].eq(-self.x[lane]) for lane in range(3)]
        m.d.comb += self.middle.eq(self.wide[30:70])
        m.d.sync += self.later.eq(self.now)
        return m


@pytest.fixture(scope="module")
def sample() -> VectorSimulation:
    return build(Sample(), Path("build/vectors"))


def test_outputs_are_those_before_the_edge(sample: VectorSimulation) -> None:
    x = np.random.default_rng(1).integers(-4095, 4096, (50, 3))
    out = sample.run({"x": x}, cycles=51)
    assert np.array_equal(out["now"], np.append(-x, [[0, 0, 0]], axis=0))
    assert np.array_equal(out["later"], np.insert(-x, 0, 0, axis=0))


def test_each_run_begins_anew(sample: VectorSimulation) -> None:
    first, second = (sample.run({"x": [[1, 2, 3]]})["later"].tolist() for _ in range(2))
    assert first == second == [[0, 0, 0]]


def test_wide_words_are_python_integers(sample: VectorSimulation) -> None:
    words = [(1 << 99) | (5 << 30), -1]
    assert sample.run({"wide": words})["middle"].tolist() == [5, (1 << 40) - 1]


def test_only_inputs_can_be_given(sample: VectorSimulation) -> None:
    with pytest.raises(ValueError, match=r"expected names of inputs, got \['later', 'y'\]"):
        sample.run({"y": [1], "later": [1]})


def test_an_equal_component_is_compiled_once(sample: VectorSimulation) -> None:
    stamp = sample.executable.stat().st_mtime_ns
    assert build(Sample(), Path("build/vectors")) == sample
    assert sample.executable.stat().st_mtime_ns == stamp
