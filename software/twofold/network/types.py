"""Types of integer tensors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from twofold.network.dyadic import Dyadic

ONE = Dyadic(1)

IntArray = npt.NDArray[np.int64]
AnyIntArray = npt.NDArray[np.integer[Any]]
_MANTISSA_BITS, _EXPONENT_MAX = 96, 800


@dataclass(frozen=True)
class IntType:
    """Integers `q` of `bits` bits that stand for the real numbers `scale · (q − zero_point)`.

    bits: 1 to 64, the sign included. Raises ValueError for widths and zero points out of range
    and for scales that are not positive or beyond any use.
    """

    signed: bool
    bits: int
    scale: Dyadic = ONE
    zero_point: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 64:
            raise ValueError(f"expected a width of 1 to 64 bits, got {self.bits}")
        if self.scale.mantissa <= 0:
            raise ValueError(f"expected a positive scale, got {self.scale}")
        if self.scale.mantissa >> _MANTISSA_BITS or abs(self.scale.exponent) > _EXPONENT_MAX:
            raise ValueError(f"expected a scale m·2^-n with m < 2^{_MANTISSA_BITS}, |n| ≤ {_EXPONENT_MAX}")
        if not self.lo <= self.zero_point <= self.hi:
            raise ValueError(f"expected a zero point in [{self.lo}, {self.hi}], got {self.zero_point}")

    @property
    def lo(self) -> int:
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1

    @classmethod
    def holding(cls, lo: int, hi: int, scale: Dyadic = ONE) -> IntType:
        """The narrowest type with zero point 0 that holds lo..hi; unsigned if lo ≥ 0."""
        return cls(lo < 0, width_of(lo, hi), scale)

    def contains(self, lo: int, hi: int) -> bool:
        return self.lo <= lo and hi <= self.hi

    def with_scale(self, scale: Dyadic) -> IntType:
        return replace(self, scale=scale)

    def __str__(self) -> str:
        zero = f", zero {self.zero_point}" if self.zero_point else ""
        return f"{'int' if self.signed else 'uint'}{self.bits}({self.scale}{zero})"


def width_of(lo: int, hi: int) -> int:
    """Bits of the narrowest integer that holds lo..hi: two's complement if lo < 0, else unsigned."""
    if lo > hi:
        raise ValueError(f"expected lo ≤ hi, got {lo} > {hi}")
    if lo >= 0:
        return max(hi.bit_length(), 1)
    return max((-lo - 1).bit_length(), hi.bit_length() if hi > 0 else 0) + 1


def frozen_ints(values: npt.ArrayLike) -> IntArray:
    """A read-only int64 copy. Raises ValueError if a value is not an integer."""
    source = np.asarray(values)
    result = source.astype(np.int64)
    if source.dtype.kind not in "ib" and not np.array_equal(result, source):
        raise ValueError("expected integers, got values with a fraction or out of range")
    result.setflags(write=False)
    return result
