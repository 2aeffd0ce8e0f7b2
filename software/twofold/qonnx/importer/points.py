"""Integers of which only some occur, each with the float32 numbers that the executor has in its place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twofold.network.types import IntArray, IntType
from twofold.qonnx.importer.steps import Floats

MOST = 1 << 20
"""Pairs of codes that are tried out, which is all pairs of 10 bits."""


@dataclass(frozen=True, eq=False)
class Points:
    """integers: all that occur, [P], ascending.

    lowest, highest: the executor's least number there or later, greatest there or earlier, [P], ascending.
    """

    integers: IntArray
    lowest: Floats
    highest: Floats

    def next(self, integers: IntArray) -> IntArray:
        """The place of the first that is not less, or of the last."""
        return np.minimum(np.searchsorted(self.integers, integers), len(self.integers) - 1)

    def settled(self, thresholds: IntArray) -> IntArray:
        """Each threshold moved up to the first integer that it lets through; those beyond all stay."""
        place = np.searchsorted(self.integers, thresholds)
        return np.where(place < len(self.integers), self.integers[self.next(thresholds)], thresholds)


def points_of_sum(
    types: tuple[IntType, IntType], bounds: tuple[tuple[int, int], tuple[int, int]], factors: tuple[int, int]
) -> Points | None:
    """All sums of two codes, each times its factor, with the float32 sum of their numbers; None if too many.

    bounds: (least, greatest) code of each.
    """
    codes = [np.arange(lo, hi + 1) for lo, hi in bounds]
    if len(codes[0]) * len(codes[1]) > MOST:
        return None
    numbers = [
        (part - type_.zero_point).astype(np.float32) * np.float32(float(type_.scale))
        for part, type_ in zip(codes, types, strict=True)
    ]
    integers = np.add.outer(codes[0] * factors[0], codes[1] * factors[1]).ravel()
    floats = np.add.outer(numbers[0], numbers[1]).ravel()
    order = np.argsort(integers, kind="stable")
    distinct, first = np.unique(integers[order], return_index=True)
    least, most = (extreme.reduceat(floats[order], first) for extreme in (np.minimum, np.maximum))
    lowest = np.minimum.accumulate(least[::-1])[::-1]
    return Points(distinct, lowest, np.maximum.accumulate(most))
