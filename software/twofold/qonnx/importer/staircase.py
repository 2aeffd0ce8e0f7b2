"""Steps of a quantiser over exact integers, found by bisection in the executor's own float32 arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twofold.network.ranges import ChannelRange
from twofold.network.types import IntArray
from twofold.qonnx.importer.reading import HIGHEST, LOWEST, MIDDLE, Reading
from twofold.qonnx.importer.steps import Floats

Reaches = Callable[[Floats, IntArray], npt.NDArray[np.bool_]]
"""(values [R, K], the R channels they are of) → whether each value reaches step k; ascending in the value."""
Reached = Callable[[IntArray, IntArray], npt.NDArray[np.bool_]]
"""The same for integers [R, K] of R channels."""
_CHUNK = 1 << 20


@dataclass(frozen=True, eq=False)
class Staircase:
    """thresholds: [C, K], for each step the smallest integer of the channel's range that reaches it, or one
    past the range. earliest, latest: the same if the executor's numbers are all as great, or as small, as
    they may be.
    """

    thresholds: IntArray
    earliest: IntArray
    latest: IntArray

    @property
    def is_exact(self) -> bool:
        """The executor's rounding errors move no step."""
        return bool(((self.earliest == self.latest) & (self.latest == self.thresholds)).all())


def staircase(reading: Reading, range_: ChannelRange, steps: int, reaches: Reaches) -> Staircase:
    """The steps of an ascending `reading` on the integers of `range_`."""
    middle = _bisected(reading, range_, steps, reaches, MIDDLE)
    if not reading.slack.any():
        return Staircase(middle, middle, middle)
    ends = [_bisected(reading, range_, steps, reaches, side) for side in (HIGHEST, LOWEST)]
    return Staircase(middle, *ends)


def _bisected(reading: Reading, range_: ChannelRange, steps: int, reaches: Reaches, side: int) -> IntArray:
    def reached(integers: IntArray, channels: IntArray) -> npt.NDArray[np.bool_]:
        return reaches(reading.of(channels).values(integers, side), channels)

    return reading.settled(bisected(range_, steps, reached))


def bisected(range_: ChannelRange, steps: int, reached: Reached) -> IntArray:
    """[C, K]: the smallest integer of each channel's range that reaches each step, or one past the range.

    reached: (integers [R, K], the R channels they are of) → whether each reaches step k.
    """
    lo, hi = (np.repeat(ends[:, None], steps, axis=1) for ends in (range_.lo, range_.hi + 1))
    rows = max(1, _CHUNK // max(steps, 1))
    for start in range(0, len(lo), rows):
        part = slice(start, start + rows)
        _bisect(lo[part], hi[part], np.arange(len(lo))[part], reached)
    return lo


def _bisect(lo: IntArray, hi: IntArray, channels: IntArray, reached: Reached) -> None:
    """Narrows lo..hi to one integer in place."""
    while (lo < hi).any():
        middle = (lo + hi) >> 1
        found = reached(middle, channels) | (lo == hi)
        np.copyto(hi, middle, where=found)
        np.copyto(lo, middle + 1, where=~found)


def code_error(found: IntArray, other: IntArray) -> int:
    """The most steps by which two staircases differ on any integer; each by its thresholds [C, K]."""
    worst = 0
    for a, b in zip(found, other, strict=True):
        points = np.concatenate([a, b])
        difference = np.searchsorted(a, points, "right") - np.searchsorted(b, points, "right")
        worst = max(worst, int(np.abs(difference).max(initial=0)))
    return worst
