"""Exact binary fractions: the only real numbers that a `Network` holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, order=False)
class Dyadic:
    """The number `mantissa · 2^-exponent`, kept with an odd mantissa (or 0 · 2^0).

    Every finite binary floating-point number is one, so conversion from float is exact.
    """

    mantissa: int
    exponent: int = 0

    def __post_init__(self) -> None:
        mantissa, exponent = int(self.mantissa), int(self.exponent)
        if mantissa == 0:
            exponent = 0
        else:
            zeros = (mantissa & -mantissa).bit_length() - 1
            mantissa, exponent = mantissa >> zeros, exponent - zeros
        object.__setattr__(self, "mantissa", mantissa)
        object.__setattr__(self, "exponent", exponent)

    @classmethod
    def from_float(cls, value: float) -> Dyadic:
        """The same number. Raises ValueError for NaN and infinities."""
        if not math.isfinite(value):
            raise ValueError(f"expected a finite number, got {value}")
        numerator, denominator = float(value).as_integer_ratio()
        return cls(numerator, denominator.bit_length() - 1)

    @classmethod
    def from_fraction(cls, value: Fraction) -> Dyadic:
        """The same number. Raises ValueError if the denominator is not a power of two."""
        if value.denominator & (value.denominator - 1):
            raise ValueError(f"expected a denominator that is a power of two, got {value}")
        return cls(value.numerator, value.denominator.bit_length() - 1)

    @classmethod
    def power_of_two(cls, exponent: int) -> Dyadic:
        """2^exponent."""
        return cls(1, -exponent)

    @property
    def fraction(self) -> Fraction:
        return Fraction(self.mantissa) * Fraction(2) ** -self.exponent

    @property
    def is_power_of_two(self) -> bool:
        return self.mantissa == 1

    @property
    def log2(self) -> int:
        """k where the number is 2^k. Raises ValueError if it is not a power of two."""
        if not self.is_power_of_two:
            raise ValueError(f"expected a power of two, got {self}")
        return -self.exponent

    def __mul__(self, other: Dyadic) -> Dyadic:
        return Dyadic(self.mantissa * other.mantissa, self.exponent + other.exponent)

    def __float__(self) -> float:
        return math.ldexp(self.mantissa, -self.exponent)

    def __str__(self) -> str:
        if self.is_power_of_two:
            return f"2^{-self.exponent}"
        return f"{self.mantissa}·2^{-self.exponent}"
