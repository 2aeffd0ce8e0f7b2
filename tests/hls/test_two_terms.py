"""Codes of sums of two powers of two."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twofold.hls.two_terms import TwoTerms, two_terms
from twofold.quant.levels import weight_levels


def decoded(terms: TwoTerms, code: int) -> int:
    """What the C++ makes of a code."""
    first = code >> terms.second_bits & (1 << terms.first_bits) - 1
    second = code & (1 << terms.second_bits) - 1
    magnitude = (1 << terms.first[first - 1] if first else 0) + (
        1 << terms.second[second - 1] if second else 0
    )
    return -magnitude if code >> terms.bits - 1 else magnitude


@pytest.mark.parametrize("bits", [2, 3, 4, 5])
def test_published_weights_of_two_terms_have_codes_of_their_own_width(bits: int) -> None:
    levels = np.array(weight_levels(bits).values)
    weights = np.concatenate([-levels, levels])
    terms = two_terms(weights)
    assert terms is not None
    assert terms.bits == bits
    assert [decoded(terms, int(code)) for code in terms.codes(weights)] == weights.tolist()


def test_the_powers_of_four_bits_are_those_of_the_paper() -> None:
    assert two_terms(np.array([0, 1, -2, 3, 4, 6, 8, -10])) == TwoTerms((0, 2, 3), (1,))


@pytest.mark.parametrize("weights", [[0, 0], [7], [3, 5, 6], [1 << place for place in range(9)]], ids=str)
def test_other_weights_have_none(weights: list[int]) -> None:
    assert two_terms(np.array(weights)) is None


@given(st.lists(st.integers(-128, 127), min_size=1, max_size=6))
def test_a_code_gives_back_every_weight(weights: list[int]) -> None:
    values = np.array(weights).reshape(-1, 1)
    terms = two_terms(values)
    if terms is not None:
        codes = terms.codes(values)
        assert codes.shape == values.shape
        assert codes.max() < 1 << terms.bits
        assert [decoded(terms, int(code)) for code in codes.flat] == weights
