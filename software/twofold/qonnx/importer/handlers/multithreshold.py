"""`MultiThreshold`: how many thresholds the data reach."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from twofold.network.ops import Threshold
from twofold.network.types import IntArray, IntType
from twofold.qonnx.importer.accumulators import with_folded_offset, with_positive_gain
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.channels import floats, positive_scale
from twofold.qonnx.importer.quantisers import check_channels, check_table, require_finite, settle
from twofold.qonnx.importer.reading import MIDDLE
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.staircase import staircase
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.steps import Floats
from twofold.qonnx.importer.values import Codes, Sums

MAX_THRESHOLDS = 1 << 12
_LAYOUTS = {4: ("NCHW", ""), 3: ("NCW",), 2: ("NC", "")}
"""By dimensions; the operator's default for three is channels last."""
_CHANNELS_LAST: Mapping[tuple[int, ...], tuple[str, ...]] = {(1, 2, 0): ("NHWC",), (1, 0): ("NWC", "")}
"""By the order of the axes."""


def multi_threshold(walk: Walk, node: Node) -> Codes:
    """Inputs: data, thresholds [C or 1, T]. The result is `out_scale · (thresholds reached) + out_bias`."""
    walk.require_inputs(node, 2, 2)
    attributes = Attributes(node)
    sums, builder = walk.any_sums(node), walk.builder
    check_channels(node, sums)
    attributes.require("data_layout", attributes.text("data_layout", ""), *_layouts(walk, node, sums))
    reals = _thresholds(node, walk, sums)
    first, jumps = _jumps(reals)
    type_, levels = _levels(node, attributes, jumps)
    sums = with_folded_offset(builder, with_positive_gain(builder, node, sums))
    range_ = builder.range_of(sums.tensor)
    ends = [sums.reading.values(integers[:, None], MIDDLE) for integers in (range_.lo, range_.hi)]
    require_finite(node, ends)
    rows = np.broadcast_to(reals[:, first], (sums.shape[0], len(first)))
    steps = staircase(sums.reading, range_, len(first), lambda values, channels: values >= rows[channels])
    settle(builder, node, sums, steps, steps.thresholds)
    op = Threshold(node.name, (sums.tensor.name,), node.output, steps.thresholds, levels)
    return Codes(builder.emit(node, op, type_), layout=sums.layout)


def _layouts(walk: Walk, node: Node, sums: Sums) -> tuple[str, ...]:
    """What `data_layout` may be for these data."""
    if sums.layout.axes in _CHANNELS_LAST and len(sums.shape) == 3:
        return _CHANNELS_LAST[sums.layout.axes]
    return _LAYOUTS[walk.rank(walk.in_order(node, 0, sums).shape)]


def _thresholds(node: Node, walk: Walk, sums: Sums) -> Floats:
    """[C or 1, T], ascending."""
    array = floats(node, "thresholds", walk.fixed(node, 1, "thresholds"))
    channels = sums.shape[0]
    if array.ndim != 2 or array.shape[0] not in (1, channels) or not 1 <= array.shape[1] <= MAX_THRESHOLDS:
        raise node.refuse(
            "thresholds",
            f"shape {list(array.shape)}",
            f"shape [{channels}, T] or [1, T] with T from 1 to {MAX_THRESHOLDS}",
            "give each channel its row",
        )
    check_table(node, channels, array.shape[1])
    if np.any(array[:, 1:] < array[:, :-1]):
        raise node.refuse(
            "thresholds", "a descent", "rows in ascending order", "sort each channel's thresholds"
        )
    return array


def _jumps(reals: Floats) -> tuple[npt.NDArray[np.intp], IntArray]:
    """Columns that differ from the one before in some channel, and how many equal columns each stands for."""
    starts = np.concatenate([[True], np.any(reals[:, 1:] != reals[:, :-1], axis=0)])
    first = np.flatnonzero(starts)
    return first, np.diff(np.append(first, reals.shape[1]))


def _levels(node: Node, attributes: Attributes, jumps: IntArray) -> tuple[IntType, IntArray]:
    """The result's type, from out_dtype and out_scale, and its codes, from out_bias on.

    With a bias of half steps, as FINN writes −1 and 1, a code is worth half of out_scale.
    """
    name = attributes.text("out_dtype")
    match = re.fullmatch(r"(U?)INT([1-9]|1[0-6])", "INT2" if name == "BIPOLAR" else name)
    if match is None:
        raise node.refuse(
            "attribute out_dtype",
            repr(name),
            "BIPOLAR, INT2 to INT16, UINT1 to UINT16",
            "choose one of these",
        )
    scale, bias = (
        _fraction(node, attributes, name, value) for name, value in (("out_scale", 1.0), ("out_bias", 0.0))
    )
    positive_scale(node, "attribute out_scale", scale)
    codes_a_step = (bias / scale).denominator
    if codes_a_step > 2:
        raise node.refuse(
            "attribute out_bias",
            float(bias),
            "a multiple of half of out_scale",
            "move the rest into the next layer's bias",
        )
    unit = scale / codes_a_step
    type_ = IntType(match[1] == "", int(match[2]), positive_scale(node, "attribute out_scale", unit))
    lowest = int(bias / unit)
    highest = lowest + int(jumps.sum()) * codes_a_step
    if not type_.contains(lowest, highest):
        raise node.refuse(
            "attribute out_dtype", name, f"a type that holds {lowest} to {highest}", "choose a wider type"
        )
    counts = np.concatenate([[0], np.cumsum(jumps)])
    levels = lowest + counts * codes_a_step
    real = np.float32(float(scale)) * counts.astype(np.float32) + np.float32(float(bias))
    _check_numbers(node, bias, real, (levels * float(unit)).astype(np.float32))
    return type_, levels


def _check_numbers(node: Node, bias: Fraction, found: Floats, expected: Floats) -> None:
    """The executor's float32 numbers of all levels are those of their codes."""
    if (found != expected).any():
        raise node.refuse(
            "attribute out_bias",
            float(bias),
            "one that float32 adds to the levels without rounding",
            "use an out_scale that is a power of two",
        )


def _fraction(node: Node, attributes: Attributes, name: str, default: float) -> Fraction:
    number = attributes.number(name, default)
    if not np.isfinite(number):
        raise node.refuse(f"attribute {name}", number, "a finite number", "check the exported parameters")
    return Fraction(number)
