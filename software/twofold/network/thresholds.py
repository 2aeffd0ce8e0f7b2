"""Thresholds of a quantiser, by rational arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

_HALF = Fraction(1, 2)


NEVER = 1 << 62
ALWAYS = -NEVER


def smallest_reaching(gain: Fraction, offset: Fraction, level: Fraction, strictly: bool = False) -> int:
    """The smallest integer x with `gain · x + offset ≥ level` (`> level` if strictly); gain ≥ 0.

    `ALWAYS` or `NEVER` where the gain is 0.
    """
    if gain == 0:
        return ALWAYS if offset > level or (offset == level and not strictly) else NEVER
    x = (level - offset) / gain
    return math.floor(x) + 1 if strictly else math.ceil(x)


def rounding_thresholds(gain: Fraction, offset: Fraction, codes: Iterable[int]) -> list[int]:
    """For each code k the smallest integer x with `round_half_even(gain · x + offset) ≥ k`; gain ≥ 0.

    A tie k − 1/2 rounds to the even neighbour: up to k if k is even, down to k − 1 if it is odd.
    """
    return [smallest_reaching(gain, offset, code - _HALF, strictly=code % 2 == 1) for code in codes]
