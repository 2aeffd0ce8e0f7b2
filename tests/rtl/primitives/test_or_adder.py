"""The sum of one of several numbers and another, for all of them."""

from __future__ import annotations

import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.or_adder import OrAdder
from twofold.sim import primitives
from twofold.sim.formal import prove


class AgainstAddition(wiring.Component):
    """`ok`: y is the sum of b and of the OR of two or three numbers."""

    def __init__(self, count: int, width: int, family: Family) -> None:
        self.count, self.width, self.family = count, width, family
        numbers = In(data.ArrayLayout(signed(width), count))
        super().__init__({"a": numbers, "b": In(signed(width)), "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.adder = adder = OrAdder(self.count, self.width, self.family)
        total = Signal(signed(self.width))
        either = self.a[0] | self.a[1] | self.a[-1]
        m.d.comb += [
            *(adder.a[place].eq(self.a[place]) for place in range(self.count)),
            adder.b.eq(self.b),
            total.eq(either + self.b),
            self.ok.eq(adder.y == total),
        ]
        return m


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("width", [1, 4, 7])
def test_it_adds_the_or(width: int, count: int, family: Family) -> None:
    assert prove(AgainstAddition(count, width, family), models=primitives.MODELS[family]).holds


def test_a_chain_without_its_carries_is_refuted() -> None:
    wrong = primitives.XC7.replace("S[1] ? into_1", "S[1] ? into_0")
    assert wrong != primitives.XC7
    assert not prove(AgainstAddition(2, 4, Family.XC7), models=wrong).holds
