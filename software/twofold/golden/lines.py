"""Staircases of equal steps as a rounded line: four passes over the values, however many steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from twofold.golden.precision import SIGNIFICANDS, per_channel, stored
from twofold.network.lines import Reals, Sides
from twofold.network.ranges import ChannelRange
from twofold.network.types import IntArray

_BITS, _DTYPE = SIGNIFICANDS[0]
#: Of |x · gain| + |offset|: more than the product, the sum and the fitted numbers are rounded by.
_ROUNDED = 2.0 ** (2 - _BITS)


@dataclass(frozen=True, eq=False)
class Line:
    """`floor(clamp(x · gain + offset, lo, hi))`; gain, offset: [1, C, ...]."""

    gain: Tensor
    offset: Tensor
    bounds: tuple[int, int]
    result: torch.dtype

    def __call__(self, x: Tensor) -> Tensor:
        codes = torch.addcmul(self.offset, x.to(self.gain.dtype), self.gain).clamp_(*self.bounds)
        # bytes truncate, which of numbers that are not negative is the floor
        truncates = self.bounds[0] >= 0 and not self.result.is_floating_point
        return stored(codes if truncates else codes.floor_(), self.result)


def line(
    edges: IntArray, levels: IntArray, range_: ChannelRange, ndim: int, result: torch.dtype
) -> Line | None:
    """The staircase as a line, None if there is none that is right for every integer in the range.

    edges: thresholds within the range or one behind it, [C, T]; levels: [T + 1]; ndim: the input's
    dimensions; result: holds every level.
    """
    if np.any(np.diff(levels) != 1) or range_.magnitude.max() > 1 << _BITS:
        return None
    sides = Sides.of(edges, levels[1:], range_)
    gain = _in_float32(sides.roomiest())
    offset = _in_float32(sides.middle(gain))
    if not _holds(sides, gain, offset):
        return None
    bounds = int(levels[0]), int(levels[-1])
    return Line(per_channel(gain, _DTYPE, ndim), per_channel(offset, _DTYPE, ndim), bounds, result)


def _holds(sides: Sides, gain: Reals, offset: Reals) -> bool:
    """Whether the line keeps to its side of all points, however its numbers are rounded in float32."""
    low, high = (
        gain[:, None] * side + offset[:, None] - sides.levels for side in (sides.reached, sides.missed)
    )
    inner = np.abs(np.concatenate([sides.reached, sides.missed], axis=1))
    farthest = np.where(np.isfinite(inner), inner, 0).max(axis=1)
    slack = (_ROUNDED * (np.abs(gain) * farthest + np.abs(offset)))[:, None]
    return bool((low >= slack).all() and (high <= -slack).all())


def _in_float32(values: Reals) -> Reals:
    return values.astype(np.float32).astype(np.float64)
