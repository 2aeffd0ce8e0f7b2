"""Additive powers-of-two (APoT) levels as integers.

Source: Li, Dong, Wang, "Additive Powers-of-Two Quantization", arXiv 1909.13144, equation 4. A magnitude
of B bits is a sum of ⌊B/2⌋ terms of two bits, each zero or one of three powers of two, and for odd B one
more term of one bit. No power of two belongs to two terms, so the 2^B sums are distinct.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

from twofold.errors import UserError

MAX_MAGNITUDE_BITS = 8


@dataclass(frozen=True)
class ApotLevels:
    """The levels of a magnitude of `magnitude_bits` bits (1 to 8), on the grid whose LSB is the finest power.

    Raises UserError for other widths.
    """

    magnitude_bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.magnitude_bits <= MAX_MAGNITUDE_BITS:
            raise UserError(
                f"APoT levels: expected 1 to {MAX_MAGNITUDE_BITS} bits of magnitude, got "
                f"{self.magnitude_bits}; choose a width from 2 to 8"
            )

    @cached_property
    def terms(self) -> tuple[tuple[int, ...], ...]:
        """The choices of each term, zero first: 4 bits → ((0, 2, 8, 32), (0, 1, 4, 16)).

        Powers are dealt to the terms in turn, from the coarsest down, three to a two-bit term. The
        one-bit term takes its power after the second round.
        """
        two_bit, one_bit = divmod(self.magnitude_bits, 2)
        turns = [term for _ in range(2) for term in range(two_bit)]
        turns += [two_bit] * one_bit + list(range(two_bit))
        finest = len(turns) - 1
        powers = [(term, 1 << (finest - place)) for place, term in enumerate(turns)]
        return tuple(
            (0, *sorted(power for owner, power in powers if owner == term))
            for term in range(two_bit + one_bit)
        )

    @cached_property
    def values(self) -> tuple[int, ...]:
        """All 2^B levels, ascending from 0."""
        return tuple(sorted(sum(choice) for choice in product(*self.terms)))

    @property
    def largest(self) -> int:
        return self.values[-1]

    @property
    def container_bits(self) -> int:
        """Width of an unsigned integer that holds every level."""
        return self.largest.bit_length()

    @cached_property
    def thresholds(self) -> tuple[float, ...]:
        """Midpoints of neighbouring levels, in LSB; a value on a midpoint belongs to the upper level."""
        return tuple((low + high) / 2 for low, high in zip(self.values, self.values[1:], strict=False))

    @cached_property
    def nearest(self) -> tuple[int, ...]:
        """The level nearest to every magnitude from n/2 up to (n + 1)/2, at index n.

        Midpoints are multiples of one half, so `nearest[floor(2 · magnitude)]` projects exactly.
        """
        table, level = [], 0
        for doubled in range(2 * self.largest + 1):
            while level < len(self.thresholds) and doubled >= 2 * self.thresholds[level]:
                level += 1
            table.append(self.values[level])
        return tuple(table)


def weight_levels(bits: int) -> ApotLevels:
    """Levels of the magnitude of a signed weight of `bits` bits, 2 to 8."""
    return ApotLevels(bits - 1)


def activation_levels(bits: int) -> ApotLevels:
    """Levels of an unsigned activation of `bits` bits, 2 to 8."""
    return ApotLevels(bits)
