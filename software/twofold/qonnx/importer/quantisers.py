"""From exact sums to the codes of a quantiser: a `Requantise` where it is exact, else a `Threshold`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from twofold.network.ops import Op, Requantise, Threshold
from twofold.network.rounding import MULTIPLIER_BITS, SHIFT_MAX
from twofold.network.thresholds import rounding_thresholds
from twofold.network.types import IntArray, IntType
from twofold.qonnx.importer.accumulators import with_folded_offset, with_positive_gain
from twofold.qonnx.importer.builder import Builder
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.values import Codes, Sums

MAX_LEVELS = 256
MAX_TABLE = 1 << 22


@dataclass(frozen=True)
class Target:
    """What a quantiser writes: codes of `type`, clamped to `bounds`."""

    type: IntType
    bounds: tuple[int, int]


def quantise(builder: Builder, node: Node, sums: Sums, target: Target) -> Codes:
    """Adds the op that maps `sums` to the codes of `target`, exactly and with ties to even."""
    sums = with_folded_offset(builder, with_positive_gain(builder, node, sums))
    zero, (lo, hi) = target.type.zero_point, target.bounds
    bounds = (max(lo, zero), hi) if sums.rectified else (lo, hi)
    op: Op | None = _requantise(node, sums, target.type, bounds)
    if op is None:
        op = _threshold(builder, node, sums, target.type, bounds)
    return Codes(builder.emit(node, op, target.type))


def _requantise(node: Node, sums: Sums, type_: IntType, bounds: tuple[int, int]) -> Requantise | None:
    """The multiplier form; None where an offset, a ratio or a tie has no place in it.

    A quantiser adds its zero point before it rounds and `Requantise` after, which an odd one makes
    different where there are ties.
    """
    if any(sums.offset):
        return None
    ratios = {gain: multiplier_and_shift(gain / type_.scale.fraction) for gain in set(sums.gain)}
    if any(ratio is None or (ratio[1] > 0 and type_.zero_point % 2) for ratio in ratios.values()):
        return None
    multiplier, shift = np.array([ratios[gain] for gain in sums.gain], np.int64).T
    return Requantise(node.name, (sums.tensor.name,), node.output, multiplier, shift, bounds)


def multiplier_and_shift(ratio: Fraction) -> tuple[int, int] | None:
    """(M, n) with `M / 2^n` equal to `ratio`, M and n within their limits; None if there is none."""
    shift = ratio.denominator.bit_length() - 1
    fits = (
        ratio.denominator == 1 << shift and shift <= SHIFT_MAX and 0 <= ratio.numerator < 1 << MULTIPLIER_BITS
    )
    return (ratio.numerator, shift) if fits else None


def _threshold(
    builder: Builder, node: Node, sums: Sums, type_: IntType, bounds: tuple[int, int]
) -> Threshold:
    """The threshold form, which takes any gain and offset but writes all levels out."""
    lo, hi = bounds
    if hi - lo >= MAX_LEVELS:
        raise node.refuse(
            "scale",
            f"a ratio of scales, a bias or a zero point that needs thresholds, and {hi - lo + 1} levels",
            f"any ratio up to {MAX_LEVELS} levels, else M/2^n with M < 2^{MULTIPLIER_BITS} and a bias on the "
            "accumulator's grid",
            "use scales that are powers of two, or 8 bits",
        )
    check_table(node, len(sums.gain), hi - lo)
    scale, zero = type_.scale.fraction, type_.zero_point
    codes = range(lo + 1, hi + 1)
    rows: dict[tuple[Fraction, Fraction], list[int]] = {}
    for gain, offset in zip(sums.gain, sums.offset, strict=True):
        if (gain, offset) not in rows:
            rows[gain, offset] = rounding_thresholds(gain / scale, offset / scale + zero, codes)
    thresholds = reachable(builder, sums, [rows[key] for key in zip(sums.gain, sums.offset, strict=True)])
    return Threshold(node.name, (sums.tensor.name,), node.output, thresholds, np.arange(lo, hi + 1))


def check_table(node: Node, channels: int, count: int) -> None:
    """Refuses tables of absurdly many thresholds."""
    if channels * count > MAX_TABLE:
        raise node.refuse(
            "thresholds",
            f"{count} for each of {channels} channels",
            f"{MAX_TABLE} in all",
            "quantise the tensor before it is flattened",
        )


def reachable(builder: Builder, sums: Sums, rows: Sequence[Sequence[int]]) -> IntArray:
    """[C, T] from a row for each channel; each threshold moved into its channel's range or one past it."""
    range_ = builder.range_of(sums.tensor)
    limits = zip(rows, range_.lo.tolist(), range_.hi.tolist(), strict=True)
    clamped = [[max(lo, min(hi + 1, threshold)) for threshold in row] for row, lo, hi in limits]
    return np.array(clamped, np.int64).reshape(len(rows), -1)
