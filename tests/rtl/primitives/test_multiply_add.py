"""DSP blocks against multiplication for every operand, and their models against another one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module, Shape, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.mac.int4_dsp import Int4Dsp
from twofold.rtl.mac.int8_dsp import Int8Dsp
from twofold.rtl.mac.packed_lanes import PackedLanes
from twofold.rtl.mac.pipeline import delay
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.multiply_add import MultiplyAdd
from twofold.sim import dsp48
from twofold.sim.vectors import build

BUILD = Path("build/vectors")
MODELS = dsp48.DSP48E1 + dsp48.DSP48E2
UNITS = 16


class EveryProduct(wiring.Component):
    """`wrong`: how many packed products of a cycle are not the sum of their lanes' products, each multiplied.

    UNITS blocks go through all weights and activations of a packing, a combination each cycle while `run`
    is high; unit u has those lowest weights whose place in their range is u modulo UNITS. A product is
    judged LATENCY cycles later.
    """

    LATENCY = 5

    def __init__(self, packing: PackedLanes, family: Family) -> None:
        self.packing, self.family = packing, family
        super().__init__({"run": In(1), "wrong": Out(range(UNITS + 1))})

    @property
    def rounds(self) -> list[range]:
        """Of the lowest weight by UNITS, the other weights, and the activation."""
        packing = self.packing
        weights = range(packing.low, packing.high + 1)
        lowest = range(packing.low, packing.high + 1, UNITS)
        others = [weights] * (packing.lanes - 1)
        return [lowest, *others, range(packing.activation_low, packing.activation_high + 1)]

    @property
    def cycles(self) -> int:
        return int(np.prod([len(values) for values in self.rounds]))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lowest, *others, activation = self._counters(m)
        wrong: list[Value] = []
        for unit in range(UNITS):
            first = Signal(signed(10), name=f"first_{unit}")
            m.d.comb += first.eq(lowest + unit)
            used = delay(m, first <= self.packing.high, self.LATENCY, f"used_{unit}")
            wrong.append(used & self._is_wrong(m, [first, *others], activation, unit))
        m.d.comb += self.wrong.eq(sum(wrong[1:], start=wrong[0]))
        return m

    def _counters(self, m: Module) -> list[Value]:
        """One combination of `rounds` a cycle."""
        counters: list[Value] = []
        next_one: Value = self.run
        for place, values in enumerate(self.rounds):
            counter = Signal(
                Shape.cast(range(min(values), max(values) + 1)), init=values[0], name=f"c_{place}"
            )
            last = Signal(name=f"last_{place}")
            m.d.comb += last.eq(next_one & (counter == values[-1]))
            with m.If(last):
                m.d.sync += counter.eq(values[0])
            with m.Elif(next_one):
                m.d.sync += counter.eq(counter + values.step)
            counters.append(counter)
            next_one = last
        return counters

    def _is_wrong(self, m: Module, weights: list[Value], activation: Value, unit: int) -> Value:
        m.submodules[f"unit_{unit}"] = dsp = MultiplyAdd(self.family, 0)
        terms = [weight << shift for weight, shift in zip(weights, self.packing.shifts, strict=True)]
        m.d.comb += [dsp.operand.eq(sum(terms[1:], start=terms[0])), dsp.load.eq(1), dsp.hold.eq(1)]
        m.d.comb += [dsp.use.eq(1), dsp.factor.eq(delay(m, activation, 1, f"factor_{unit}"))]
        products = [(w * activation) << s for w, s in zip(weights, self.packing.shifts, strict=True)]
        expected = Signal(signed(48), name=f"expected_{unit}")
        m.d.comb += expected.eq(sum(products[1:], start=products[0]))
        wrong = Signal(name=f"wrong_{unit}")
        m.d.comb += wrong.eq(dsp.p != delay(m, expected, self.LATENCY, f"expected_{unit}"))
        return wrong


def wrong_products(packing: PackedLanes, family: Family) -> int:
    bench = EveryProduct(packing, family)
    cycles = bench.cycles + bench.LATENCY
    found = build(bench, BUILD, MODELS).run({"run": np.ones(cycles, np.int64)})["wrong"]
    return int(found[bench.LATENCY :].sum())


@pytest.mark.parametrize(
    "kind",
    [
        Int8Dsp(2, 2, Family.XC7),
        Int8Dsp(2, 2, Family.XCUP),
        Int4Dsp(4, 4, Family.XC7),
        Int4Dsp(4, 3, Family.XC7, -10, 10),
    ],
    ids=str,
)
def test_every_product_is_exact(kind: Int8Dsp | Int4Dsp) -> None:
    assert wrong_products(kind.packing, kind.family) == 0


def test_minus_128_at_bit_17_is_wrong_next_to_every_negative_weight() -> None:
    packing = PackedLanes((0, 17), -128, 127, -128, 255, 1, 26)
    assert wrong_products(packing, Family.XC7) == 128 * (256 + 128 - 1)
