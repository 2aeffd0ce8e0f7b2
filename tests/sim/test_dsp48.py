"""The models of DSP blocks against Yosys's DSP48E1 and the portable form, and modes that they refuse."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import ClockSignal, Const, Instance, Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.network.types import IntArray
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.multiply_add import MultiplyAdd, operand_bits
from twofold.sim import dsp48
from twofold.sim.vectors import build
from twofold.sim.verilator import BuildError

BUILD = Path("build/vectors")
ENABLES = ("load", "hold", "use")


class Chain(wiring.Component):
    """Two blocks, the first begun at 77; each enabled when it pleases."""

    def __init__(self, family: Family) -> None:
        self.family = family
        enables = {f"{name}_{block}": In(1) for name in ENABLES for block in range(2)}
        super().__init__(
            {**enables, "operand": In(signed(25)), "factor": In(signed(18)), "p": Out(signed(48))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.first = first = MultiplyAdd(self.family, 77)
        m.submodules.second = second = MultiplyAdd(self.family)
        for block, dsp in enumerate((first, second)):
            m.d.comb += [dsp.operand.eq(self.operand), dsp.factor.eq(self.factor)]
            m.d.comb += [getattr(dsp, name).eq(getattr(self, f"{name}_{block}")) for name in ENABLES]
        m.d.comb += [second.previous.eq(first.cascade), self.p.eq(second.p)]
        return m


def sums(family: Family, model: str) -> IntArray:
    rng = np.random.default_rng(1)
    columns: dict[str, IntArray] = {
        f"{name}_{block}": rng.integers(0, 2, 2000) for name in ENABLES for block in range(2)
    }
    columns["operand"] = rng.choice([-(1 << 24), (1 << 24) - 1, -1, 12_345_678, -7_654_321], 2000)
    columns["factor"] = rng.choice([-(1 << 17), (1 << 17) - 1, -1, 54_321, 1], 2000)
    return build(Chain(family), BUILD, model).run(columns)["p"][4:]


def yosys_model() -> str:
    """DSP48E1 as Yosys has it for simulation."""
    spec = find_spec("pyosys")
    assert spec is not None and spec.origin is not None
    cells = (Path(spec.origin).parent / "share" / "xilinx" / "cells_sim.v").read_text()
    found = re.search(r"^module DSP48E1 .*?^endmodule", cells, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[0]


def test_all_forms_give_the_same_sums() -> None:
    expected = sums(Family.PORTABLE, "")
    assert len(np.unique(expected)) > 300
    assert np.array_equal(sums(Family.XC7, dsp48.DSP48E1), expected)
    assert np.array_equal(sums(Family.XC7, yosys_model()), expected)


def test_the_wide_block_gives_the_same_sums_for_narrow_operands() -> None:
    assert operand_bits(Family.XCUP) == 27
    assert np.array_equal(sums(Family.XCUP, dsp48.DSP48E2), sums(Family.PORTABLE, ""))


class Unmodelled(wiring.Component):
    """A block with one register of A."""

    def __init__(self) -> None:
        super().__init__({"a": In(30), "p": Out(48)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dsp = Instance(
            "DSP48E1", p_AREG=1, i_A=self.a, i_CLK=ClockSignal(), i_B=Const(0, 18), o_P=self.p
        )
        return m


def test_modes_that_are_not_modelled_are_refused() -> None:
    with pytest.raises(BuildError, match="DSP48E1_with_all_data_registers"):
        build(Unmodelled(), BUILD, dsp48.DSP48E1)
