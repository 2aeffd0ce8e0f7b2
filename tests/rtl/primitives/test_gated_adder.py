"""The sum of two gated numbers, for all operands."""

from __future__ import annotations

import pytest
from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.gated_adder import GatedAdder
from twofold.sim import primitives
from twofold.sim.formal import prove

NAMES = ("a_inverted", "a_used", "b_inverted", "b_used")


class AgainstAddition(wiring.Component):
    """`ok`: y is the sum of a, its complement or 0 and of b, its complement or 0."""

    def __init__(self, width: int, family: Family) -> None:
        self.width, self.family = width, family
        operands = {name: In(unsigned(width)) for name in "ab"}
        super().__init__({**operands, **dict.fromkeys(NAMES, In(1)), "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.adder = adder = GatedAdder(self.width, self.family)
        m.d.comb += [getattr(adder, name).eq(getattr(self, name)) for name in ("a", "b", *NAMES)]
        greatest = (1 << self.width) - 1
        operands = []
        for name in "ab":
            value = getattr(self, name)
            operand = Signal(self.width, name=f"operand_{name}")
            inverted, used = getattr(self, f"{name}_inverted"), getattr(self, f"{name}_used")
            m.d.comb += operand.eq(Mux(used, Mux(inverted, greatest - value, value), 0))
            operands.append(operand)
        m.d.comb += self.ok.eq(adder.y == operands[0] + operands[1])
        return m


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("width", [1, 4, 8])
def test_it_adds_what_is_used(width: int, family: Family) -> None:
    assert prove(AgainstAddition(width, family), models=primitives.MODELS[family]).holds


def test_a_lut_whose_outputs_are_alike_is_refuted() -> None:
    wrong = primitives.XC7.replace("{1'b0, I4", "{I5, I4")
    assert wrong != primitives.XC7
    assert not prove(AgainstAddition(4, Family.XC7), models=wrong).holds
