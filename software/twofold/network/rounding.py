"""The one rounding rule: half to even."""

from __future__ import annotations

import numpy as np

from twofold.network.types import IntArray

MULTIPLIER_BITS = 16
SHIFT_MAX = 47


def shift_right_half_even(values: IntArray, shift: IntArray | int) -> IntArray:
    """`values / 2^shift`, ties to the even neighbour. int64, shift 0 to 62, shapes that broadcast."""
    values, shift = np.asarray(values, np.int64), np.asarray(shift, np.int64)
    floor = values >> shift
    remainder = values - (floor << shift)
    half = np.where(shift > 0, np.int64(1) << np.maximum(shift - 1, 0), 0)
    up = (remainder > half) | ((remainder == half) & ((floor & 1) == 1))
    return floor + np.where(shift > 0, up, False)


def requantise(
    values: IntArray, multiplier: IntArray, shift: IntArray, zero_point: int, bounds: tuple[int, int]
) -> IntArray:
    """`clamp(round_half_even(values · multiplier / 2^shift) + zero_point)`, shapes that broadcast."""
    rounded = shift_right_half_even(np.asarray(values, np.int64) * multiplier, shift)
    return np.clip(rounded + zero_point, bounds[0], bounds[1])
