"""Pooling: `MaxPool`, `AveragePool`, `GlobalAveragePool`, `ReduceMean` over height and width."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod

import numpy as np

from twofold.network.ops import Flatten, MaxPool2d, SumPool2d
from twofold.network.types import IntType
from twofold.qonnx.importer.accumulators import with_positive_gain
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.handlers.axes import axes_of
from twofold.qonnx.importer.handlers.geometry import kernel, window
from twofold.qonnx.importer.reading import read_as, slack_of
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.steps import DividedBy
from twofold.qonnx.importer.values import Codes, DataValue, Sums


def max_pool(walk: Walk, node: Node) -> DataValue:
    """Commutes with every ascending function, so sums may be pooled unquantised; those of negative gain are
    turned over before."""
    walk.require_inputs(node, 1, 1)
    attributes = Attributes(node)
    attributes.require("ceil_mode", attributes.integer("ceil_mode", 0), 0)
    attributes.require("storage_order", attributes.integer("storage_order", 0), 0)
    value, sums = walk.data(node), with_positive_gain(walk.builder, node, walk.sums(node))
    size = kernel(attributes, walk.map_rank - 2)
    geometry = window(attributes, _map_size(node, sums), size, walk.map_rank - 2)
    attributes.require("dilations", geometry.dilation, (1, 1))
    named = isinstance(value, Codes) or sums.is_plain
    name = node.output if named else walk.builder.free_name(f"{node.output}.sum")
    op = MaxPool2d(node.name, (sums.tensor.name,), name, size, geometry.stride, geometry.padding)
    tensor = walk.builder.emit(node, op, sums.tensor.type)
    if isinstance(value, Codes):
        return replace(value, tensor=tensor)
    return replace(sums, tensor=tensor, exclusive=False)


def average_pool(walk: Walk, node: Node) -> Sums:
    walk.require_inputs(node, 1, 1)
    attributes = Attributes(node)
    attributes.require("ceil_mode", attributes.integer("ceil_mode", 0), 0)
    attributes.require("count_include_pad", attributes.integer("count_include_pad", 0), 0, 1)
    sums, size = walk.sums(node), kernel(attributes, walk.map_rank - 2)
    geometry = window(attributes, _map_size(node, sums), size, walk.map_rank - 2)
    attributes.require("dilations", geometry.dilation, (1, 1))
    attributes.require("pads", geometry.padding, (0, 0, 0, 0))
    return _mean(walk, node, sums, size, geometry.stride)


def global_average_pool(walk: Walk, node: Node) -> Sums:
    walk.require_inputs(node, 1, 1)
    sums = walk.sums(node)
    size = _map_size(node, sums)
    return _mean(walk, node, sums, size, size)


def reduce_mean(walk: Walk, node: Node) -> Sums:
    """The mean over height and width; inputs: data, axes (optional, in newer operator sets)."""
    attributes = Attributes(node)
    keep = attributes.integer("keepdims", 1)
    attributes.require("keepdims", keep, 0, 1)
    attributes.require("noop_with_empty_axes", attributes.integer("noop_with_empty_axes", 0), 0)
    sums, rank = walk.any_sums(node), walk.map_rank
    size = _map_size(node, sums)
    axes, supported = axes_of(walk, node, rank), sums.layout.map_axes(rank)
    if axes != supported:
        raise node.refuse("axes", sorted(axes), str(sorted(supported)), "average over height and width only")
    mean = _mean(walk, node, sums, size, size)
    if keep:
        return mean
    name = walk.builder.free_name(f"{mean.tensor.name}.flat")
    flat = Flatten(f"{node.name}.flat", (mean.tensor.name,), name)
    tensor = walk.builder.emit(node, flat, mean.tensor.type)
    return replace(mean, tensor=tensor, layout=mean.layout.flattened())


def _map_size(node: Node, sums: Sums) -> tuple[int, int]:
    shape = sums.shape
    if len(shape) != 3:
        raise node.refuse("input", f"shape [N, {shape[0]}]", "[N, C, H, W]", "pool before flattening")
    return shape[1], shape[2]


def _mean(walk: Walk, node: Node, sums: Sums, kernel_size: tuple[int, int], stride: tuple[int, int]) -> Sums:
    """Exact sums over windows, then the division, which ONNX Runtime rounds once."""
    gain, offset = _line(walk, node, sums)
    area, type_ = prod(kernel_size), sums.tensor.type
    name = walk.builder.free_name(f"{node.output}.sum")
    op = SumPool2d(node.name, (sums.tensor.name,), name, kernel_size, stride)
    tensor = walk.builder.emit(node, op, IntType(True, 64, type_.scale, area * type_.zero_point))
    bounds = np.array(walk.builder.magnitudes(sums.tensor), np.int64) * area
    sums_offset = [b * area for b in offset]
    slack = slack_of(gain, sums_offset, bounds, bounds, addends=area)
    divisor = DividedBy(node.label, np.full(tensor.channels, area, np.float32))
    layout = sums.layout.with_map(tensor.shape)
    return Sums(tensor, read_as(gain, sums_offset, slack).then(divisor), layout=layout)


def _line(walk: Walk, node: Node, sums: Sums) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
    """Gain and offset of numbers that are rounded nowhere on the way but from their codes."""
    reading = sums.reading
    is_line = reading.is_exact(walk.builder.magnitudes(sums.tensor)) and not reading.is_clamped
    if not is_line:
        raise node.refuse(
            "input",
            "a Relu, or sums that float32 rounds, before any quantiser",
            "quantised data",
            "put a Quant node before the pool",
        )
    return reading.ideal
