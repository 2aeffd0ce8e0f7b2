"""Weights that are sums of two powers of two, as codes that choose two shifts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from twofold.network.types import IntArray


@dataclass(frozen=True)
class TwoTerms:
    """Weights ±(first + second), where each term is 0 or a power of two of its own.

    first, second: exponents, ascending, none in both, at least one in `first`. As additive powers of two are
    defined (Li, Dong, Wang, arXiv 1909.13144, equation 4), of at most two terms.
    """

    first: tuple[int, ...]
    second: tuple[int, ...]

    @property
    def first_bits(self) -> int:
        """Width of the index of the first term; index 0 is no power."""
        return len(self.first).bit_length()

    @property
    def second_bits(self) -> int:
        return len(self.second).bit_length()

    @property
    def bits(self) -> int:
        """Width of a code: from the top sign, first index, second index."""
        return 1 + self.first_bits + self.second_bits

    @property
    def highest(self) -> int:
        """The greatest exponent."""
        return max(self.first + self.second)

    def codes(self, weights: IntArray) -> IntArray:
        """Codes of weights of any shape, all of them in the set."""
        magnitudes = np.abs(weights)
        first, second = (
            sum(np.where(magnitudes >> exponent & 1, index, 0) for index, exponent in enumerate(term, 1))
            for term in (self.first, self.second)
        )
        signs = np.where(weights < 0, 1 << self.bits - 1, 0)
        return np.asarray(signs + (first << self.second_bits) + second, np.int64)


# Of weights of up to 8 bits; trying all ways to deal them takes 2^8 steps.
_POWERS_MAX = 8


def two_terms(weights: IntArray) -> TwoTerms | None:
    """The narrowest code of these weights, None if there is none.

    There is none if all are 0, if some magnitude has three ones in binary, if no two sets of powers do for
    all of them, as for 3, 5 and 6, or if they have more than eight powers.
    """
    magnitudes = [int(magnitude) for magnitude in np.unique(np.abs(weights))]
    used = {exponent for magnitude in magnitudes for exponent in _exponents(magnitude)}
    if not 1 <= len(used) <= _POWERS_MAX or any(magnitude.bit_count() > 2 for magnitude in magnitudes):
        return None
    return min(_divisions(magnitudes), key=lambda terms: terms.bits, default=None)


def _divisions(magnitudes: list[int]) -> Iterator[TwoTerms]:
    """All ways to deal the powers to two terms so that no weight needs two of one term."""
    pairs = {_exponents(magnitude) for magnitude in magnitudes if magnitude.bit_count() == 2}
    used = sorted({exponent for magnitude in magnitudes for exponent in _exponents(magnitude)})
    for second in _independent(used, pairs):
        first = tuple(exponent for exponent in used if exponent not in second)
        if first and not any(pair in pairs for pair in combinations(first, 2)):
            yield TwoTerms(first, second)


def _independent(used: list[int], pairs: set[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    """Subsets of exponents of which no two meet in a weight."""
    for chosen in product((False, True), repeat=len(used)):
        subset = tuple(exponent for exponent, take in zip(used, chosen, strict=True) if take)
        if not any(pair in pairs for pair in combinations(subset, 2)):
            yield subset


def _exponents(magnitude: int) -> tuple[int, ...]:
    return tuple(place for place in range(magnitude.bit_length()) if magnitude >> place & 1)
