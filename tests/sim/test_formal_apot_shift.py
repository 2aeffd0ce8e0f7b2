"""Proofs that shifts equal multiplication, for all weights, activations and published sets of levels."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from amaranth.hdl import Array, Const, Module, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.quant.levels import activation_levels, weight_levels
from twofold.rtl.mac.apot_shift import ApotShift
from twofold.rtl.primitives.family import Family
from twofold.sim import primitives
from twofold.sim.formal import prove


class ShiftsAgainstMultiplication(wiring.Component):
    """`ok`: an array of one output, corrected, gives the sum of a × weight. offset: error in the weight of
    code 5. A tile is one word, and stays the same."""

    def __init__(self, kind: ApotShift, offset: int = 0) -> None:
        self.kind, self.offset = kind, offset
        codes = data.ArrayLayout(unsigned(kind.code_bits), kind.tin)
        activations = data.ArrayLayout(kind.activation_shape, kind.tin)
        super().__init__({"a": In(activations), "code": In(codes), "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.array = array = self.kind.component()
        m.d.comb += [array.a.eq(self.a), array.load_word.eq(self.code)]
        m.d.comb += [array.load_valid.eq(1), array.swap.eq(1)]
        weights = self._weights()
        corrections = [self.kind.activation_range[1] * min(weight, 0) for weight in weights]
        exact, corrected = Signal(signed(24)), Signal(signed(24))
        m.d.comb += corrected.eq(array.y[0] + sum(_chosen(corrections, code) for code in self.code))
        m.d.comb += exact.eq(
            sum(_chosen(weights, code) * a for code, a in zip(self.code, self.a, strict=True))
        )
        m.d.comb += self.ok.eq(corrected == exact)
        return m

    def _weights(self) -> list[int]:
        """The weight of each code."""
        magnitudes = [sum(terms) for terms in product(*self.kind.terms)]
        weights = [*magnitudes, *(-magnitude for magnitude in magnitudes)]
        weights[5 % len(weights)] += self.offset
        return weights


def _chosen(values: list[int], code: Value) -> Value:
    return Array(Const(value, signed(20)) for value in values)[code]


KINDS = [
    *(ApotShift(1, 1, terms=weight_levels(bits).terms, activation_bits=4) for bits in range(2, 9)),
    ApotShift(1, 1, terms=activation_levels(4).terms, activation_bits=6),
    ApotShift(1, 1, activation_bits=8),
    ApotShift(1, 1, terms=((1, 2, 4, 8), (0,)), activation_bits=4),
    ApotShift(2, 1, activation_bits=2),
    ApotShift(2, 1, terms=((0, 1), (0, 2)), activation_bits=2),
]


@pytest.mark.parametrize("family", [Family.PORTABLE, Family.XC7])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_shifts_equal_multiplication(kind: ApotShift, family: Family) -> None:
    miter = ShiftsAgainstMultiplication(replace(kind, family=family))
    assert prove(miter, models=primitives.XC7, time_limit=60).holds


@pytest.mark.parametrize("kind", [KINDS[2], KINDS[-1]], ids=str)
def test_a_wrong_weight_is_refuted(kind: ApotShift) -> None:
    proof = prove(ShiftsAgainstMultiplication(replace(kind, family=Family.XC7), 1), models=primitives.XC7)
    assert not proof.holds and proof.counterexample["a"] > 0
