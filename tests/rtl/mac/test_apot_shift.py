"""The encoding of APoT weights."""

from __future__ import annotations

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.quant.levels import weight_levels
from twofold.rtl.mac.apot_shift import ApotShift
from twofold.sim.benches.pe_stream import accepted_weights

# arXiv 1909.13144, equation 4, for a sign and three bits of magnitude.
FOUR_BITS = [0, 1, 2, 3, 4, 6, 8, 10]


def test_four_bit_weights_are_the_published_set() -> None:
    expected = sorted({sign * level for level in FOUR_BITS for sign in (1, -1)})
    assert accepted_weights(ApotShift(1, 1)).tolist() == expected


def test_two_outputs_share_a_word() -> None:
    kind = ApotShift(2, 4)
    # sign, index into (0, 1, 4, 8), index into (0, 2): 3 = 1 + 2, −10 = −(8 + 2), 2 = 0 + 2
    assert kind.encode([[3, -10], [0, 2], [0, 0], [0, 1]]) == [0x10F3, 0x2000]
    assert (kind.load_words, kind.code_bits) == (2, 4)


def test_zero_is_never_negative() -> None:
    assert ApotShift(1, 1).codes[0] == 0


def test_correction_is_what_complements_add() -> None:
    kind = ApotShift(3, 2, activation_bits=4)
    # (15 − a)·11 instead of −11·a; positive weights need none.
    assert kind.correction(np.array([[1, -1, -10], [0, 0, 4]])).tolist() == [-165, 0]
    assert kind.sum_range == (0, 3 * 10 * 15)


@pytest.mark.parametrize("bits", range(2, 9))
def test_published_sets_are_accepted(bits: int) -> None:
    levels = weight_levels(bits)
    kind = ApotShift(2, 2, terms=levels.terms)
    assert sorted(kind.codes) == [*(-value for value in levels.values[:0:-1]), *levels.values]
    assert kind.code_bits == bits and kind.magnitude_max == levels.largest


@pytest.mark.parametrize(
    ("tin", "terms", "leaves", "latency"),
    [
        (16, ((0, 1, 4, 8), (0, 2)), 16 + 8, 5),
        (5, ((0, 1, 4, 8), (0, 2)), 5 + 3, 4),
        (1, ((0, 1),), 1, 2),
        (4, ((0, 1, 4, 16), (0, 2, 8, 32)), 8, 4),
    ],
)
def test_gates_are_added_by_two(
    tin: int, terms: tuple[tuple[int, ...], ...], leaves: int, latency: int
) -> None:
    kind = ApotShift(tin, 1, terms=terms, activation_bits=4)
    assert (len(kind.leaves), kind.latency) == (leaves, latency)


def test_weights_between_the_levels_are_refused() -> None:
    kind = ApotShift(2, 1)
    with pytest.raises(
        UserError, match=r"^apot_shift: expected weights ±\[0, 1, 2, 3, 4, 6, 8, 10\], found 5$"
    ):
        kind.encode([[10, 5]])


@pytest.mark.parametrize(
    ("terms", "bits", "message"),
    [
        (((0, 1, 4), (0, 2)), 8, r"2\^k terms that are 0 or a power of two, got \(0, 1, 4\)"),
        (((0, 3), (0, 2)), 8, r"2\^k terms that are 0 or a power of two, got \(0, 3\)"),
        (((0, 0), (0,)), 8, r"a table with a power of two, got \(\(0, 0\), \(0,\)\)"),
        (((0, 1), (0, 2)), 9, "an activation width of 1 to 8 bits, got 9"),
        ((tuple([0] * 32), tuple([1] * 8)), 8, "codes of at most 8 bits, got 9"),
    ],
)
def test_tables_that_the_hardware_cannot_hold(
    terms: tuple[tuple[int, ...], ...], bits: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ApotShift(4, 4, terms=terms, activation_bits=bits)
