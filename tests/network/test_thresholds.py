from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from twofold.network.thresholds import ALWAYS, NEVER, rounding_thresholds, smallest_reaching

fractions = st.fractions(-50, 50, max_denominator=64)
gains = st.fractions(Fraction(1, 64), 8, max_denominator=64)


@given(gains, fractions, fractions, st.booleans())
def test_the_smallest_integer_reaches_and_the_one_below_does_not(gain, offset, level, strictly):
    x = smallest_reaching(gain, offset, level, strictly)
    for candidate, expected in ((x, True), (x - 1, False)):
        value = gain * candidate + offset
        assert (value > level if strictly else value >= level) is expected


@given(gains, fractions, st.integers(-200, 200))
def test_counted_thresholds_are_the_rounded_value(gain, offset, x):
    codes = range(-8, 8)
    reached = sum(x >= threshold for threshold in rounding_thresholds(gain, offset, codes))
    assert reached - 9 == min(max(round(gain * x + offset), -9), 7)


def test_a_gain_of_zero_is_a_constant():
    assert rounding_thresholds(Fraction(0), Fraction(5, 2), [1, 2, 3]) == [ALWAYS, ALWAYS, NEVER]
    assert rounding_thresholds(Fraction(0), Fraction(3, 2), [1, 2, 3]) == [ALWAYS, ALWAYS, NEVER]
