"""Primitives against their portable forms, for all operands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.primitives.add_sub import AddSub
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.table_ram import TableRam
from twofold.rtl.primitives.ternary_adder import TernaryAdder
from twofold.sim import primitives
from twofold.sim.formal import prove
from twofold.sim.slice_cells import models_of
from twofold.sim.vectors import build

BUILD = Path("build/vectors")
# Lookup tables whose O5 follows I5, and a carry chain that ignores its first carry.
UPPER_HALF = primitives.XC7.replace("{1'b0, I4", "{I5, I4")
WITHOUT_CARRY = primitives.XC7.replace("CI | CYINIT", "CI")


class AddersAgainstAddition(wiring.Component):
    """`ok`: both adders give what + and − give, that of three numbers after an OR."""

    def __init__(self, width: int, family: Family) -> None:
        self.width, self.family = width, family
        operands = {name: In(signed(width)) for name in "abcd"}
        super().__init__({**operands, "subtract": In(1), "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.three = three = TernaryAdder(self.width, self.family)
        m.submodules.two = two = AddSub(self.width, self.family)
        sum_of_three, sum_of_two = Signal(signed(self.width)), Signal(signed(self.width))
        m.d.comb += [
            *(getattr(three, name).eq(getattr(self, name)) for name in "abcd"),
            *(getattr(two, name).eq(getattr(self, name)) for name in ("a", "b", "subtract")),
            sum_of_three.eq((self.a | self.d) + self.b + self.c),
            sum_of_two.eq(self.a + Mux(self.subtract, -self.b, self.b)),
            self.ok.eq((three.y == sum_of_three) & (two.y == sum_of_two)),
        ]
        return m


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("width", [1, 4, 7, 10])
def test_adders_add(width: int, family: Family) -> None:
    assert prove(AddersAgainstAddition(width, family), models=primitives.MODELS[family]).holds


def test_carry_chains_of_ultrascale_are_as_yosys_has_them() -> None:
    models = models_of(["LUT6_2", "CARRY8"])
    assert prove(AddersAgainstAddition(17, Family.XCUP), models=models).holds
    wrong = models.replace("S[0] ? CI :", "S[0] ? CI_TOP :")
    assert wrong != models
    assert not prove(AddersAgainstAddition(17, Family.XCUP), models=wrong).holds


@pytest.mark.parametrize("models", [UPPER_HALF, WITHOUT_CARRY], ids=["upper half", "no first carry"])
def test_a_wrong_primitive_is_refuted(models: str) -> None:
    assert models != primitives.XC7
    assert not prove(AddersAgainstAddition(5, Family.XC7), models=models).holds


@pytest.mark.parametrize("family", Family)
def test_tables_keep_what_is_written(family: Family) -> None:
    rng = np.random.default_rng(1)
    cycles = 2000
    addresses = rng.integers(0, 32, (2, cycles))
    data, enable = rng.integers(0, 1 << 15, cycles), rng.integers(0, 2, cycles)
    words, expected = np.zeros(32, np.int64), np.zeros(cycles, np.int64)
    for cycle in range(cycles):
        expected[cycle] = words[addresses[0, cycle]]
        if enable[cycle]:
            words[addresses[1, cycle]] = data[cycle]
    found = build(TableRam(15, family), BUILD, primitives.XC7).run(
        {
            "read_address": addresses[0],
            "write_address": addresses[1],
            "write_data": data,
            "write_enable": enable,
        }
    )
    assert np.array_equal(found["read_data"], expected)
