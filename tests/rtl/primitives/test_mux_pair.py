"""The choice between two words, for all words."""

from __future__ import annotations

import pytest
from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.mux_pair import mux_pair
from twofold.sim import primitives
from twofold.sim.formal import prove


class AgainstMux(wiring.Component):
    """`ok`: the choice is that of a multiplexer."""

    def __init__(self, width: int, family: Family) -> None:
        self.width, self.family = width, family
        super().__init__({"select": In(1), "high": In(width), "low": In(width), "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        chosen = mux_pair(m, self.select, self.high, self.low, self.family, "choice")
        assert len(chosen) == self.width
        m.d.comb += self.ok.eq(chosen == Mux(self.select, self.high, self.low))
        return m


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("width", [1, 2, 5])
def test_one_of_two_words(width: int, family: Family) -> None:
    assert prove(AgainstMux(width, family), models=primitives.MODELS[family]).holds


def test_a_lut_whose_outputs_are_alike_is_refuted() -> None:
    wrong = primitives.XC7.replace("{1'b0, I4", "{I5, I4")
    assert wrong != primitives.XC7
    assert not prove(AgainstMux(2, Family.XC7), models=wrong).holds


def test_words_of_different_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="expected words of as many bits, got 3 and 2"):
        mux_pair(Module(), Signal(), Signal(3), Signal(2), Family.XC7, "choice")
