"""The types of an HLS project: how data moves, and which integers each value is.

Every value in a project is an integer code at scale 1 (`ap_int`, `ap_uint`): scales live in the
`Network` alone, so no fixed-point rounding of the HLS library is ever in play.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from twofold.network.types import IntArray, IntType, width_of


class IoType(StrEnum):
    """How tensors move between layers: pixel by pixel through FIFOs, or whole in registers."""

    STREAM = "io_stream"
    PARALLEL = "io_parallel"


@dataclass(frozen=True)
class HlsType:
    """`ap_int<bits>` or `ap_uint<bits>`."""

    signed: bool
    bits: int

    @classmethod
    def of(cls, type_: IntType) -> HlsType:
        return cls(type_.signed, type_.bits)

    @classmethod
    def holding(cls, lo: int, hi: int) -> HlsType:
        """The narrowest type that holds lo..hi."""
        return cls(lo < 0, width_of(lo, hi))

    @classmethod
    def constants(cls, values: IntArray, bits_min: int = 2) -> HlsType:
        """The narrowest signed type of at least `bits_min` bits that holds every value."""
        return cls(True, max(bits_min, width_of(min(int(values.min()), -1), int(values.max()))))

    @property
    def lo(self) -> int:
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        return (1 << (self.bits - self.signed)) - 1

    @property
    def as_fixed(self) -> str:
        """The same integers as a fixed-point type without fraction, the only kind that da4ml takes."""
        return f"ap_{'' if self.signed else 'u'}fixed<{self.bits},{self.bits}>"

    def __str__(self) -> str:
        return f"ap_{'int' if self.signed else 'uint'}<{self.bits}>"
