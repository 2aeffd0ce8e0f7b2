"""The comparison of two signed numbers, for all operands."""

from __future__ import annotations

import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.primitives.comparator import AtLeast
from twofold.rtl.primitives.family import Family
from twofold.sim import primitives
from twofold.sim.formal import prove


class AgainstSubtraction(wiring.Component):
    """`ok`: y is high where a − b is not negative."""

    def __init__(self, width: int, family: Family) -> None:
        self.width, self.family = width, family
        super().__init__({"a": In(signed(width)), "b": In(signed(width)), "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unit = unit = AtLeast(self.width, self.family)
        m.d.comb += [unit.a.eq(self.a), unit.b.eq(self.b), self.ok.eq(unit.y == ~(self.a - self.b)[-1])]
        return m


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("width", [2, 5, 8, 20])
def test_it_compares(width: int, family: Family) -> None:
    assert prove(AgainstSubtraction(width, family), models=primitives.MODELS[family]).holds


def test_a_chain_without_its_first_carry_is_refuted() -> None:
    wrong = primitives.XC7.replace("CI | CYINIT", "CI")
    assert wrong != primitives.XC7
    assert not prove(AgainstSubtraction(6, Family.XC7), models=wrong).holds
