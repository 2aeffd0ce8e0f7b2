"""`MultiThreshold`: how many thresholds the data reach."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from twofold.network.ops import Threshold
from twofold.network.thresholds import ALWAYS, smallest_reaching
from twofold.network.types import IntArray, IntType
from twofold.qonnx.importer.accumulators import with_folded_offset, with_positive_gain
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.channels import exact, positive_scale
from twofold.qonnx.importer.quantisers import check_table, reachable
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Codes, Sums

MAX_THRESHOLDS = 1 << 12
_LAYOUTS = {4: "NCHW", 2: "NC"}


def multi_threshold(walk: Walk, node: Node) -> Codes:
    """Inputs: data, thresholds [C or 1, T]. The result is `out_scale · (thresholds reached) + out_bias`."""
    walk.require_inputs(node, 2, 2)
    attributes = Attributes(node, "out_dtype", "out_scale", "out_bias", "data_layout")
    sums = walk.sums(node)
    layout = _LAYOUTS[len(sums.shape) + 1]
    attributes.require("data_layout", attributes.text("data_layout", ""), layout, "")
    reals = _thresholds(node, walk, sums)
    first, jumps = _jumps(reals)
    type_, levels = _levels(node, attributes, jumps)
    sums = with_folded_offset(walk.builder, with_positive_gain(walk.builder, node, sums))
    thresholds = _integers(walk, sums, reals[:, first])
    op = Threshold(node.name, (sums.tensor.name,), node.output, thresholds, levels)
    return Codes(walk.builder.emit(node, op, type_))


def _thresholds(node: Node, walk: Walk, sums: Sums) -> npt.NDArray[Any]:
    """Fractions [C or 1, T], ascending."""
    array = exact(node, "thresholds", walk.fixed(node, 1, "thresholds"))
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


def _jumps(reals: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], IntArray]:
    """Columns that differ from the one before in some channel, and how many equal columns each stands for."""
    starts = np.concatenate([[True], np.any(reals[:, 1:] != reals[:, :-1], axis=0)])
    first = np.flatnonzero(starts)
    return first, np.diff(np.append(first, reals.shape[1]))


def _levels(node: Node, attributes: Attributes, jumps: IntArray) -> tuple[IntType, IntArray]:
    """The result's type, from out_dtype and out_scale, and its codes, from out_bias on."""
    name = attributes.text("out_dtype")
    match = re.fullmatch(r"(U?)INT([1-9]|1[0-6])", name)
    if match is None:
        raise node.refuse(
            "attribute out_dtype", repr(name), "INT2 to INT16, UINT1 to UINT16", "choose one of these"
        )
    scale, bias = (
        _fraction(node, attributes, name, value) for name, value in (("out_scale", 1.0), ("out_bias", 0.0))
    )
    type_ = IntType(match[1] == "", int(match[2]), positive_scale(node, "attribute out_scale", scale))
    if (bias / scale).denominator != 1:
        raise node.refuse(
            "attribute out_bias",
            float(bias),
            "a multiple of out_scale",
            "move the rest into the next layer's bias",
        )
    lowest, highest = int(bias / scale), int(bias / scale) + int(jumps.sum())
    if not type_.contains(lowest, highest):
        raise node.refuse(
            "attribute out_dtype", name, f"a type that holds {lowest} to {highest}", "choose a wider type"
        )
    return type_, lowest + np.concatenate([[0], np.cumsum(jumps)])


def _fraction(node: Node, attributes: Attributes, name: str, default: float) -> Fraction:
    number = attributes.number(name, default)
    if not np.isfinite(number):
        raise node.refuse(f"attribute {name}", number, "a finite number", "check the exported parameters")
    return Fraction(number)


def _integers(walk: Walk, sums: Sums, reals: npt.NDArray[Any]) -> IntArray:
    """[C, T]: for each threshold the smallest integer whose real value reaches it."""
    rows = np.broadcast_to(reals, (sums.shape[0], reals.shape[1]))
    found = [
        [ALWAYS if sums.rectified and level <= 0 else smallest_reaching(gain, offset, level) for level in row]
        for gain, offset, row in zip(sums.gain, sums.offset, rows, strict=True)
    ]
    return reachable(walk.builder, sums, found)
