from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twofold.network.rounding import MULTIPLIER_BITS, SHIFT_MAX, requantise, shift_right_half_even


@given(st.integers(-(2**61), 2**61), st.integers(0, 61))
def test_shifts_round_as_fractions_do(value, shift):
    assert int(shift_right_half_even(np.array(value), shift)) == round(Fraction(value, 2**shift))


@given(st.integers(-(2**20), 2**20), st.integers(1, 40))
def test_ties_go_to_even(half, shift):
    tie = (2 * half + 1) << (shift - 1)
    assert int(shift_right_half_even(np.array(tie), shift)) % 2 == 0


@given(
    st.integers(-(2**45), 2**45),
    st.integers(0, 2**MULTIPLIER_BITS - 1),
    st.integers(0, SHIFT_MAX),
    st.integers(-128, 127),
)
def test_requantisation_is_the_formula(value, multiplier, shift, zero):
    exact = round(Fraction(value * multiplier, 2**shift)) + zero
    found = requantise(np.array([value]), np.array([multiplier]), np.array([shift]), zero, (-128, 127))
    assert found.tolist() == [min(max(exact, -128), 127)]


def test_arrays_shift_element_by_element():
    values, shifts = np.array([5, 6, 7, -5, -6, -7]), np.array([1, 2, 0, 1, 2, 0])
    assert shift_right_half_even(values, shifts).tolist() == [2, 2, 7, -2, -2, -7]
