from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twofold.network.dyadic import Dyadic
from twofold.network.types import IntType, frozen_ints, width_of


@given(st.integers(-(2**62), 2**62), st.integers(-(2**62), 2**62))
def test_the_narrowest_type_holds_its_range_and_no_narrower_one_does(a, b):
    lo, hi = sorted((a, b))
    type_ = IntType.holding(lo, hi)
    assert type_.contains(lo, hi)
    assert type_.bits == width_of(lo, hi)
    if type_.bits > 1:
        assert not IntType(type_.signed, type_.bits - 1).contains(lo, hi)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((True, 0), "expected a width of 1 to 64 bits, got 0"),
        ((True, 65), "expected a width of 1 to 64 bits, got 65"),
        ((True, 8, Dyadic(0)), r"expected a positive scale, got 0·2\^0"),
        ((True, 8, Dyadic(-1)), "expected a positive scale, got -1"),
        ((True, 8, Dyadic(1, 10**9)), r"expected a scale m·2\^-n with m < 2\^96, \|n\| ≤ 800"),
        ((False, 4, Dyadic(1), 16), r"expected a zero point in \[0, 15\], got 16"),
    ],
)
def test_types_that_are_none(arguments, message):
    with pytest.raises(ValueError, match=message):
        IntType(*arguments)


def test_text():
    assert str(IntType(True, 8, Dyadic(1, 4), -3)) == "int8(2^-4, zero -3)"
    assert str(IntType(False, 6)) == "uint6(2^0)"


def test_ranges_upside_down_have_no_width():
    with pytest.raises(ValueError, match="expected lo ≤ hi, got 2 > 1"):
        width_of(2, 1)


def test_frozen_integers_are_a_read_only_copy():
    source = np.array([1.0, -2.0])
    result = frozen_ints(source)
    source[0] = 9
    assert (result.dtype, result.tolist(), result.flags.writeable) == (np.int64, [1, -2], False)


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
@pytest.mark.parametrize("values", [[0.5], [1e30], [float("nan")], np.array([2**63], np.uint64)])
def test_fractions_and_giants_are_no_integers(values):
    with pytest.raises(ValueError, match="expected integers, got values with a fraction or out of range"):
        frozen_ints(values)
