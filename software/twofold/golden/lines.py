"""Staircases of equal steps as a rounded line: four passes over the values, however many steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from twofold.golden.precision import SIGNIFICANDS, per_channel, stored
from twofold.network.ranges import ChannelRange
from twofold.network.types import IntArray

_BITS, _DTYPE = SIGNIFICANDS[0]
#: Of |x · gain| + |offset|: more than the product, the sum and the fitted numbers are rounded by.
_ROUNDED = 2.0 ** (2 - _BITS)
_HALVINGS = 32
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Line:
    """`floor(clamp(x · gain + offset, lo, hi))`; gain, offset: [1, C, ...]."""

    gain: Tensor
    offset: Tensor
    bounds: tuple[int, int]
    result: torch.dtype

    def __call__(self, x: Tensor) -> Tensor:
        codes = torch.addcmul(self.offset, x.to(self.gain.dtype), self.gain).clamp_(*self.bounds)
        return stored(codes if self.bounds[0] >= 0 else codes.floor_(), self.result)


@dataclass(frozen=True, eq=False)
class _Sides:
    """Points of each channel that the line must not pass below, and those that it must stay below, [C, T].

    reached: thresholds, where the line is at its level or above; missed: the integers before them. Those out
    of the range of inputs are infinite, and ask for nothing. levels: [T].
    """

    reached: Reals
    missed: Reals
    levels: Reals

    @classmethod
    def of(cls, edges: IntArray, levels: IntArray, range_: ChannelRange) -> _Sides:
        lo, hi = range_.lo[:, None], range_.hi[:, None]
        reached = np.where(edges <= hi, edges, np.inf)
        missed = np.where(edges > lo, edges - 1, -np.inf)
        return cls(reached, missed, levels[1:].astype(np.float64))

    def offsets(self, gain: Reals) -> tuple[Reals, Reals]:
        """Of lines of `gain` [C] > 0: the least allowed, and the first that is too great."""
        least = (self.levels - gain[:, None] * self.reached).max(axis=1)
        return least, (self.levels - gain[:, None] * self.missed).min(axis=1)

    def rises(self, gain: Reals) -> npt.NDArray[np.bool_]:
        """Whether more gain would leave the offset more room, [C]."""
        rows, steps = np.arange(len(gain)), gain[:, None]
        least = (self.levels - steps * self.reached).argmax(axis=1)
        most = (self.levels - steps * self.missed).argmin(axis=1)
        return self.reached[rows, least] > self.missed[rows, most]

    def holds(self, gain: Reals, offset: Reals) -> bool:
        """Whether the line keeps to its side of all points, however its numbers are rounded in float32."""
        low, high = (
            gain[:, None] * side + offset[:, None] - self.levels for side in (self.reached, self.missed)
        )
        inner = np.abs(np.concatenate([self.reached, self.missed], axis=1))
        farthest = np.where(np.isfinite(inner), inner, 0).max(axis=1)
        slack = (_ROUNDED * (np.abs(gain) * farthest + np.abs(offset)))[:, None]
        return bool((low >= slack).all() and (high <= -slack).all())


def line(
    edges: IntArray, levels: IntArray, range_: ChannelRange, ndim: int, result: torch.dtype
) -> Line | None:
    """The staircase as a line, None if there is none that is right for every integer in the range.

    edges: thresholds within the range or one behind it, [C, T]; levels: [T + 1]; ndim: the input's
    dimensions; result: holds every level.
    """
    if np.any(np.diff(levels) != 1) or range_.magnitude.max() > 1 << _BITS:
        return None
    sides = _Sides.of(edges, levels, range_)
    gain = _in_float32(_roomiest(sides))
    least, most = sides.offsets(gain)
    middle = np.where(
        np.isfinite(most), np.where(np.isfinite(least), (least + most) / 2, most - 1), least + 1
    )
    offset = _in_float32(middle)
    if not sides.holds(gain, offset):
        return None
    bounds = int(levels[0]), int(levels[-1])
    return Line(per_channel(gain, _DTYPE, ndim), per_channel(offset, _DTYPE, ndim), bounds, result)


def _in_float32(values: Reals) -> Reals:
    return values.astype(np.float32).astype(np.float64)


def _roomiest(sides: _Sides) -> Reals:
    """The gain [C] that leaves the offset most room, which is a concave function of it: by halves."""
    low, high = _gains(sides)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        rises = sides.rises(middle)
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    return (low + high) / 2


def _gains(sides: _Sides) -> tuple[Reals, Reals]:
    """Between which the gain must be, [C], from the first and the last point of each side."""
    levels, rows = sides.levels, np.arange(len(sides.reached))
    up, down = np.isfinite(sides.reached), np.isfinite(sides.missed)
    first_up, last_up = up.argmax(axis=1), up.shape[1] - 1 - up[:, ::-1].argmax(axis=1)
    first_down, last_down = down.argmax(axis=1), down.shape[1] - 1 - down[:, ::-1].argmax(axis=1)
    some = up.any(axis=1) & down.any(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rise = sides.reached[rows, last_up] - sides.missed[rows, first_down]
        low = np.where(some & (rise > 0), (levels[last_up] - levels[first_down]) / rise, 0)
        run = sides.missed[rows, last_down] - sides.reached[rows, first_up]
        steps = levels[last_down] - levels[first_up]
        high = np.where(some & (run > 0) & (steps > 0), steps / run, len(levels) + 1.0)
    low = np.maximum(low, 0)
    return low, np.maximum(high, low)
