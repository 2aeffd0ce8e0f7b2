"""Two of three neighbours, for all words and choices."""

from __future__ import annotations

import pytest
from amaranth.hdl import Const, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.neighbours import neighbours
from twofold.sim import primitives
from twofold.sim.formal import prove

WIDTH = 3


class AgainstShifts(wiring.Component):
    """`ok`: the results are words one and two of the three, moved by one where that is asked for."""

    def __init__(self, family: Family) -> None:
        self.family = family
        super().__init__({"words": In(3 * WIDTH), "odd": In(2), "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = [self.words.word_select(place, WIDTH) for place in range(3)]
        first, second = neighbours(m, words, list(self.odd), self.family, "pair")
        at_second = Mux(self.odd[1], 1, Mux(self.odd[0], 2, 0))
        m.d.comb += self.ok.eq(
            (first == self.words.word_select(self.odd[0], WIDTH))
            & (second == self.words.word_select(at_second, WIDTH))
            & Const(len(first) == len(second) == WIDTH)
        )
        return m


@pytest.mark.parametrize("family", Family)
def test_each_result_is_the_neighbour_that_is_asked_for(family: Family) -> None:
    assert prove(AgainstShifts(family), models=primitives.MODELS[family]).holds


def test_a_lut_whose_first_output_follows_its_sixth_input_is_refuted() -> None:
    wrong = primitives.XC7.replace("{1'b0, I4", "{I5, I4")
    assert wrong != primitives.XC7
    assert not prove(AgainstShifts(Family.XC7), models=wrong).holds
