"""The line that a staircase of equal steps follows, in each channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twofold.network.ranges import ChannelRange
from twofold.network.types import IntArray

_HALVINGS = 32
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sides:
    """Points of each channel that a line must not pass below, and those that it must stay below, [C, T].

    reached: thresholds, where the line is at its level or above; missed: the integers before them. Those out
    of the range of inputs are infinite, and ask for nothing. levels: [T].
    """

    reached: Reals
    missed: Reals
    levels: Reals

    @classmethod
    def of(cls, edges: IntArray, levels: IntArray, range_: ChannelRange) -> Sides:
        """edges: thresholds within the range or one behind it, [C, T]; levels: that they lead to, [T]."""
        lo, hi = range_.lo[:, None], range_.hi[:, None]
        reached = np.where(edges <= hi, edges, np.inf)
        missed = np.where(edges > lo, edges - 1, -np.inf)
        return cls(reached, missed, levels.astype(np.float64))

    def offsets(self, gain: Reals) -> tuple[Reals, Reals]:
        """Of lines of `gain` [C] > 0: the least allowed, and the first that is too great."""
        least = (self.levels - gain[:, None] * self.reached).max(axis=1)
        return least, (self.levels - gain[:, None] * self.missed).min(axis=1)

    def middle(self, gain: Reals) -> Reals:
        """The offset that is farthest from both, [C]."""
        least, most = self.offsets(gain)
        between = np.where(np.isfinite(least), (least + most) / 2, most - 1)
        return np.where(np.isfinite(most), between, least + 1)

    def roomiest(self) -> Reals:
        """The gain [C] that leaves the offset most room, which is a concave function of it: by halves."""
        low, high = self._gains()
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            rises = self._rises(middle)
            low, high = np.where(rises, middle, low), np.where(rises, high, middle)
        return (low + high) / 2

    def _rises(self, gain: Reals) -> npt.NDArray[np.bool_]:
        """Whether more gain would leave the offset more room, [C]."""
        rows, steps = np.arange(len(gain)), gain[:, None]
        least = (self.levels - steps * self.reached).argmax(axis=1)
        most = (self.levels - steps * self.missed).argmin(axis=1)
        return self.reached[rows, least] > self.missed[rows, most]

    def _gains(self) -> tuple[Reals, Reals]:
        """Between which the gain must be, [C], from the first and the last point of each side."""
        levels, rows = self.levels, np.arange(len(self.reached))
        up, down = np.isfinite(self.reached), np.isfinite(self.missed)
        (first_up, last_up), (first_down, last_down) = _ends(up), _ends(down)
        some = up.any(axis=1) & down.any(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            rise = self.reached[rows, last_up] - self.missed[rows, first_down]
            low = np.where(some & (rise > 0), (levels[last_up] - levels[first_down]) / rise, 0)
            run = self.missed[rows, last_down] - self.reached[rows, first_up]
            steps = levels[last_down] - levels[first_up]
            high = np.where(some & (run > 0) & (steps > 0), steps / run, len(levels) + 1.0)
        low = np.maximum(low, 0)
        return low, np.maximum(high, low)


def _ends(held: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """First and last place of each row that is held."""
    return held.argmax(axis=1), held.shape[1] - 1 - held[:, ::-1].argmax(axis=1)
