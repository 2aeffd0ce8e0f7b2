from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twofold.network.dyadic import Dyadic

numbers = st.builds(Dyadic, st.integers(-(2**40), 2**40), st.integers(-60, 60))


@given(numbers, numbers)
def test_arithmetic_is_that_of_fractions(a, b):
    assert (a * b).fraction == a.fraction * b.fraction
    assert (a == b) == (a.fraction == b.fraction)
    assert Dyadic.from_fraction(a.fraction) == a


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_float_is_one(value):
    assert Dyadic.from_float(value).fraction == Fraction(value)
    assert float(Dyadic.from_float(value)) == value


def test_mantissas_are_odd():
    assert (Dyadic(12, 5), Dyadic(0, 7)) == (Dyadic(3, 3), Dyadic(0))
    assert (Dyadic(12, 5).mantissa, Dyadic(12, 5).exponent) == (3, 3)


def test_powers_of_two():
    assert Dyadic.power_of_two(-3).log2 == -3
    assert [Dyadic(4).is_power_of_two, Dyadic(6).is_power_of_two, Dyadic(-2).is_power_of_two] == [
        True,
        False,
        False,
    ]
    with pytest.raises(ValueError, match=r"expected a power of two, got 3·2\^1"):
        Dyadic(6).log2  # noqa: B018


def test_numbers_that_are_none():
    with pytest.raises(ValueError, match="expected a finite number, got nan"):
        Dyadic.from_float(float("nan"))
    with pytest.raises(ValueError, match="expected a denominator that is a power of two, got 1/3"):
        Dyadic.from_fraction(Fraction(1, 3))


def test_text():
    assert (str(Dyadic(1, 4)), str(Dyadic(3, 4)), str(Dyadic(8))) == ("2^-4", "3·2^-4", "2^3")
