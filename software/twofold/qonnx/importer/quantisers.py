"""From exact sums to the codes of a quantiser: a `Requantise` where it is exact, else a `Threshold`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from twofold.network.ops import Requantise, Threshold
from twofold.network.ranges import ChannelRange
from twofold.network.rounding import MULTIPLIER_BITS, requantise
from twofold.network.types import IntArray
from twofold.qonnx.importer.accumulators import with_folded_offset, with_positive_gain
from twofold.qonnx.importer.builder import Builder
from twofold.qonnx.importer.multipliers import Target, is_exact_arithmetic, multiplier_form
from twofold.qonnx.importer.reading import HIGHEST, LOWEST
from twofold.qonnx.importer.rounding import Rounding
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.staircase import Staircase, bisected, code_error, staircase
from twofold.qonnx.importer.values import Codes, Sums

MAX_LEVELS = 256
MAX_TABLE = 1 << 22
MAX_CHANNELS = 1 << 16


def quantise(builder: Builder, node: Node, sums: Sums, target: Target) -> Codes:
    """Adds the op that maps `sums` to the codes of `target`.

    Equal to the executor's codes on every integer of the range, or a refusal; if the builder approximates,
    the greatest difference in codes is noted instead.
    """
    check_channels(node, sums)
    sums = with_folded_offset(builder, with_positive_gain(builder, node, sums))
    multiplier = multiplier_form(builder, node, sums, target)
    if multiplier is not None and is_exact_arithmetic(builder, sums, target):
        return _written(builder, node, multiplier, target, sums)
    codes = _reached_codes(builder, node, sums, target.rounding)
    steps = _steps(builder, node, sums, target.rounding, codes)
    if multiplier is not None:
        found = _requantised(multiplier, sums, builder.range_of(sums.tensor), target.type.zero_point, codes)
        if steps.is_exact and (found == steps.thresholds).all():
            return _written(builder, node, multiplier, target, sums)
        if len(codes) >= MAX_LEVELS and builder.approximate:
            settle(builder, node, sums, steps, found)
            return _written(builder, node, multiplier, target, sums)
    if len(codes) >= MAX_LEVELS:
        raise _too_many_levels(node, len(codes) + 1)
    settle(builder, node, sums, steps, steps.thresholds)
    levels = np.arange(codes[0] - 1, codes[-1] + 1)
    op = Threshold(
        builder.free_op_name(node.name), (sums.tensor.name,), target.name, steps.thresholds, levels
    )
    return _written(builder, node, op, target, sums)


def _written(builder: Builder, node: Node, op: Requantise | Threshold, target: Target, sums: Sums) -> Codes:
    return Codes(builder.emit(node, op, target.type), layout=sums.layout)


def settle(builder: Builder, node: Node, sums: Sums, steps: Staircase, chosen: IntArray) -> None:
    """Accepts `chosen` thresholds if they are the executor's, else notes how many codes they may be off."""
    if steps.is_exact and (chosen == steps.thresholds).all():
        return
    if not builder.approximate:
        raise _inexact(node, sums, steps)
    error = max(code_error(chosen, end) for end in (steps.earliest, steps.latest))
    builder.note_error(builder.free_op_name(node.name), error)


def _inexact(node: Node, sums: Sums, steps: Staircase) -> Exception:
    channel = int((steps.earliest != steps.latest).any(axis=1).argmax())
    row = steps.earliest[channel] != steps.latest[channel]
    return node.refuse(
        "input",
        f"float32 sums that may be off by {sums.reading.slack[channel]:g}, in channel {channel} at "
        f"{int(row.sum())} of {row.size} steps enough to change the code",
        "sums whose every step is a float32 number, or whose error changes no code",
        "use scales that are powers of two, or accept a bounded error with --approximate",
    )


def _too_many_levels(node: Node, levels: int) -> Exception:
    return node.refuse(
        "scale",
        f"a ratio of scales, a bias or a zero point that needs thresholds, and {levels} levels",
        f"any ratio up to {MAX_LEVELS} levels, else M/2^n with M < 2^{MULTIPLIER_BITS} and a bias on the "
        "accumulator's grid",
        "use scales that are powers of two, or 8 bits",
    )


def _reached_codes(builder: Builder, node: Node, sums: Sums, rounding: Rounding) -> IntArray:
    """The codes that a step leads to, at least one, ascending."""
    range_ = builder.range_of(sums.tensor)
    ends = [
        sums.reading.values(integers[:, None], side)
        for integers, side in ((range_.lo, LOWEST), (range_.hi, HIGHEST))
    ]
    require_finite(node, ends)
    first, last = int(rounding(ends[0]).min()), int(rounding(ends[1]).max())
    lo, hi = rounding.bounds
    first, last = min(first, hi - 1), max(last, lo + 1, first + 1)
    return np.arange(max(first, lo) + 1, min(last, hi) + 1)


def require_finite(node: Node, ends: Sequence[npt.NDArray[np.float32]]) -> None:
    if not all(np.isfinite(values).all() for values in ends):
        raise node.refuse(
            "input", "numbers beyond float32", "finite numbers", "check the exported parameters"
        )


def _steps(builder: Builder, node: Node, sums: Sums, rounding: Rounding, codes: IntArray) -> Staircase:
    """Bisected for channels that differ only."""
    range_ = builder.range_of(sums.tensor)
    kinds, kind_of = sums.reading.kinds(range_.lo, range_.hi)
    check_table(node, len(kinds), len(codes))
    found = staircase(
        sums.reading.of(kinds),
        ChannelRange(range_.lo[kinds], range_.hi[kinds]),
        len(codes),
        lambda values, _: rounding(values) >= codes,
    )
    check_table(node, len(kind_of), min(len(codes), MAX_LEVELS))
    return Staircase(*(part[kind_of] for part in (found.thresholds, found.earliest, found.latest)))


def _requantised(
    op: Requantise, sums: Sums, range_: ChannelRange, zero_point: int, codes: IntArray
) -> IntArray:
    """The thresholds of `op`, as those of a staircase."""

    def reached(integers: IntArray, channels: IntArray) -> npt.NDArray[np.bool_]:
        multiplier, shift = op.multiplier[channels, None], op.shift[channels, None]
        return requantise(integers, multiplier, shift, zero_point, op.bounds) >= codes

    return sums.reading.settled(bisected(range_, len(codes), reached))


def check_channels(node: Node, sums: Sums) -> None:
    """Refuses absurdly many channels."""
    if len(sums.reading.gain) > MAX_CHANNELS:
        raise node.refuse(
            "input",
            f"{len(sums.reading.gain)} channels",
            f"{MAX_CHANNELS} in all",
            "quantise the tensor before it is flattened",
        )


def check_table(node: Node, channels: int, count: int) -> None:
    """Refuses tables of absurdly many thresholds."""
    if channels * count > MAX_TABLE:
        raise node.refuse(
            "thresholds",
            f"{count} for each of {channels} channels",
            f"{MAX_TABLE} in all",
            "quantise the tensor before it is flattened",
        )
