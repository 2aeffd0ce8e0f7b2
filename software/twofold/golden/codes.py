"""Between real numbers and the codes of a type."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from twofold.errors import UserError
from twofold.network.types import IntArray, IntType


def quantise(values: npt.ArrayLike, type_: IntType) -> IntArray:
    """`clamp(round_half_even(values / scale) + zero_point)`, any shape. Computed in float64.

    Raises UserError for values that are no numbers; infinite ones become the ends.
    """
    scaled = np.asarray(values, np.float64) / float(type_.scale)
    if wrong := np.isnan(scaled).sum():
        raise UserError(f"values: expected numbers, got {wrong} of {scaled.size} that are NaN")
    return np.clip(np.rint(scaled) + type_.zero_point, type_.lo, type_.hi).astype(np.int64)


def dequantise(codes: IntArray, type_: IntType) -> npt.NDArray[np.float64]:
    """`scale · (codes − zero_point)`, any shape."""
    return np.asarray((codes - type_.zero_point) * float(type_.scale), np.float64)
