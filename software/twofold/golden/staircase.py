"""Quantisers on tensors of exact integers: `Requantise` by arithmetic, `Threshold` by counting or a table.

Values are torch tensors [N, C, ...] of floating-point numbers that are whole; a feature map's channels are
last in memory. Each form is proven equal to the op on every integer of the input's range before it is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from twofold.golden.lines import Line, line
from twofold.golden.precision import SIGNIFICANDS, exact_dtype, per_channel, stored
from twofold.network import graph
from twofold.network.ops import Requantise, Threshold
from twofold.network.ranges import ChannelRange
from twofold.network.rounding import requantise
from twofold.network.types import IntArray, IntType

#: Thresholds that are counted faster than looked up, and entries of a table over all channels.
FEW_THRESHOLDS, TABLE_ENTRIES = 3, 1 << 22
#: Codes up to which an arithmetic form is tried out at each of them.
_PROVABLE_CODES = 1 << 12


@dataclass(frozen=True, eq=False)
class Rounding:
    """`clamp(round_half_even(x · scale) + zero_point)` in floating point; scale: [1, C, ...]."""

    scale: Tensor
    zero_point: int
    bounds: tuple[int, int]
    result: torch.dtype

    def __call__(self, x: Tensor) -> Tensor:
        codes = torch.mul(x.to(self.scale.dtype), self.scale).round_()
        if self.zero_point:
            codes.add_(self.zero_point)
        return stored(codes.clamp_(*self.bounds), self.result)


@dataclass(frozen=True, eq=False)
class IntegerRounding:
    """The same in 64-bit integers, for products beyond 2^53. multiplier, shift: [1, C, ...]."""

    multiplier: IntArray
    shift: IntArray
    zero_point: int
    bounds: tuple[int, int]
    result: torch.dtype

    def __call__(self, x: Tensor) -> Tensor:
        values = x.to(torch.int64).numpy()
        codes = requantise(values, self.multiplier, self.shift, self.zero_point, self.bounds)
        return torch.from_numpy(codes).to(self.result)


def rounding(
    op: Requantise, zero_point: int, range_: ChannelRange, ndim: int, result: torch.dtype
) -> Rounding | IntegerRounding:
    """The fastest exact form of `op` for inputs in `range_`.

    zero_point: the result's; ndim: the input's dimensions, N included; result: holds every code.
    """
    scales = np.ldexp(op.multiplier.astype(np.float64), -op.shift)
    for bits, dtype in SIGNIFICANDS:
        form = Rounding(per_channel(scales, dtype, ndim), zero_point, op.bounds, result)
        if _products_fit(op, range_, bits) or _equal_at_ties(form, op, range_):
            return form
    columns = (-1, *([1] * (ndim - 2)))
    return IntegerRounding(
        op.multiplier.reshape(columns), op.shift.reshape(columns), zero_point, op.bounds, result
    )


def _products_fit(op: Requantise, range_: ChannelRange, bits: int) -> bool:
    """True if a significand of `bits` bits holds every product and every code."""
    odd = np.maximum(op.multiplier // np.maximum(op.multiplier & -op.multiplier, 1), 1)
    largest = max(float((range_.magnitude * odd).max()), *map(abs, op.bounds))
    return largest <= 1 << bits


def _equal_at_ties(form: Rounding, op: Requantise, range_: ChannelRange) -> bool:
    """True if `form` equals `op` on the integers around every tie, and so everywhere.

    Both are monotone in the input, rounding included. Two monotone staircases that are equal on both sides
    of each step of one of them are equal between its steps too.
    """
    lo, hi = op.bounds
    if hi - lo >= _PROVABLE_CODES:
        return False
    codes = np.arange(lo, hi + 1) - form.zero_point
    with np.errstate(divide="ignore"):
        ties = (codes[:, None] - 0.5) / np.ldexp(op.multiplier.astype(np.float64), -op.shift)
    around = np.floor(ties) + np.arange(-2, 3)[:, None, None]
    clipped = np.clip(around, range_.lo, range_.hi).reshape(-1, len(range_.lo))
    points = np.concatenate([clipped.astype(np.int64), [range_.lo, range_.hi]])
    exact = requantise(points, op.multiplier, op.shift, form.zero_point, op.bounds)
    flat = Rounding(form.scale.reshape(1, -1), form.zero_point, form.bounds, form.result)
    return bool((flat(torch.from_numpy(points)).numpy() == exact).all())


@dataclass(frozen=True, eq=False)
class Count:
    """`first + step · (thresholds ≤ x)` in bytes, for few thresholds.

    thresholds: each [1, C, ...]; first: [], of `result`; step: at most 127.
    """

    thresholds: tuple[Tensor, ...]
    first: Tensor
    step: int
    result: torch.dtype

    def __call__(self, x: Tensor) -> Tensor:
        counts = _counted(x, self.thresholds, ())
        return torch.add(self.first, stored(counts, self.result), alpha=self.step)


@dataclass(frozen=True, eq=False)
class Balance:
    """`(above ≤ x) − (x < below)`: `Count` with steps of one from `−len(below)` on, an addition less.

    above, below: thresholds, at least one each, [1, C, ...].
    """

    above: tuple[Tensor, ...]
    below: tuple[Tensor, ...]
    result: torch.dtype

    def __call__(self, x: Tensor) -> Tensor:
        return stored(_counted(x, self.above, self.below), self.result)


def _counted(x: Tensor, above: tuple[Tensor, ...], below: tuple[Tensor, ...]) -> Tensor:
    """Of how many of `above` x is at or above, less of how many of `below` it is below, in their dtype."""
    first, *others = above
    values = x.to(first.dtype)
    more = [torch.ge(values, threshold, out=torch.empty_like(values)) for threshold in others]
    less = [torch.lt(values, threshold, out=torch.empty_like(values)) for threshold in below]
    counts = torch.ge(values, first, out=torch.empty_like(values) if values is x else values)
    for part in more:
        counts.add_(part)
    for part in less:
        counts.sub_(part)
    return counts


@dataclass(frozen=True, eq=False)
class Table:
    """`table[clamp(x, first, last) + offset]`: each channel's steps one after the other in one table.

    first, last, offset: [1, C, ...]; table: [entries].
    """

    first: Tensor
    last: Tensor
    offset: Tensor
    table: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        index = x.to(self.offset.dtype).clamp(self.first, self.last).add_(self.offset)
        rows = index.to(torch.int32).movedim(1, -1)
        codes = self.table.index_select(0, rows.reshape(-1)).view(rows.shape)
        return codes.movedim(-1, 1)


@dataclass(frozen=True, eq=False)
class Search:
    """`levels[thresholds ≤ x]` by a search in each channel, for steps too wide for a table.

    thresholds: [C, T]; levels: [T + 1].
    """

    thresholds: Tensor
    levels: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        channels = x.to(torch.float64).transpose(0, 1)
        counts = torch.searchsorted(
            self.thresholds, channels.reshape(len(self.thresholds), -1).contiguous(), right=True
        )
        return self.levels[counts].reshape(channels.shape).transpose(0, 1)


def staircase(
    op: Threshold, range_: ChannelRange, operand: graph.Tensor, result: torch.dtype
) -> Count | Balance | Line | Table | Search:
    """`op` for inputs in `range_`. operand: what it reads; result: holds every level."""
    edges, levels = _edges(op, range_)
    steps, ndim = np.unique(np.diff(levels)), 1 + len(operand.shape)
    is_even = len(steps) == 1 and steps[0] <= torch.iinfo(torch.int8).max
    if edges.shape[1] <= FEW_THRESHOLDS and is_even and not result.is_floating_point:
        dtype = _compared_dtype(op.name, operand.type, edges)
        thresholds = tuple(per_channel(column, dtype, ndim) for column in edges.T)
        return _counting(thresholds, int(levels[0]), int(steps[0]), result)
    even = line(edges, levels, range_, ndim, result)
    if even is not None:
        return even
    sizes = edges[:, -1] - edges[:, 0] + 2
    if sizes.sum() > TABLE_ENTRIES:
        return Search(torch.tensor(edges, dtype=torch.float64), torch.tensor(levels, dtype=result))
    return _table(op.name, edges, torch.tensor(levels, dtype=result), ndim)


def _counting(thresholds: tuple[Tensor, ...], first: int, step: int, result: torch.dtype) -> Count | Balance:
    if step == 1 and -len(thresholds) < first < 0:
        return Balance(thresholds[-first:], thresholds[:-first], result)
    return Count(thresholds, torch.tensor(first, dtype=result), step, result)


def _compared_dtype(name: str, operand: IntType, edges: IntArray) -> torch.dtype:
    """The narrowest that holds the operand and the thresholds; each half as wide is twice as fast."""
    lo, hi = min(operand.lo, int(edges.min())), max(operand.hi, int(edges.max()))
    for dtype in (torch.int8, torch.int16):
        if torch.iinfo(dtype).min <= lo and hi <= torch.iinfo(dtype).max:
            return dtype
    return exact_dtype(name, "thresholds", float(np.abs(edges).max()))


def _table(name: str, edges: IntArray, levels: Tensor, ndim: int) -> Table:
    first, last = edges[:, 0] - 1, edges[:, -1]
    sizes = last - first + 1
    offset = np.cumsum(sizes) - sizes - first
    dtype = exact_dtype(name, "thresholds", float(np.abs([first, last, offset]).max()))
    runs = np.diff(edges, axis=1, prepend=first[:, None], append=last[:, None] + 1)
    table = levels.repeat(len(edges)).repeat_interleave(torch.tensor(runs.ravel()))
    columns = [per_channel(values, dtype, ndim) for values in (first, last, offset)]
    return Table(columns[0], columns[1], columns[2], table)


def _edges(op: Threshold, range_: ChannelRange) -> tuple[IntArray, IntArray]:
    """Thresholds inside the range or at its ends, [C, T ≥ 1], and the levels between them, [T + 1].

    Of thresholds that are the same in every channel the last one stays: no input is between them.
    """
    lo, never = range_.lo[:, None], range_.hi[:, None] + 1
    if op.thresholds.shape[1] == 0:
        return never, op.levels.repeat(2)
    edges = np.clip(op.thresholds, lo, never)
    stays = np.append(np.diff(edges, axis=1).any(axis=0), True)
    return np.ascontiguousarray(edges[:, stays]), op.levels[np.append(True, stays)]
