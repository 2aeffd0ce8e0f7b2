"""Pooling: `MaxPool`, `AveragePool`, `GlobalAveragePool`, `ReduceMean` over height and width."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from twofold.network.ops import Flatten, MaxPool2d, SumPool2d
from twofold.network.types import IntType
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.handlers.axes import axes_of
from twofold.qonnx.importer.handlers.geometry import kernel, window
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Codes, DataValue, Sums


def max_pool(walk: Walk, node: Node) -> DataValue:
    """Commutes with every ascending function, so sums of positive gain may be pooled unquantised."""
    walk.require_inputs(node, 1, 1)
    attributes = Attributes(
        node, "auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"
    )
    attributes.require("ceil_mode", attributes.integer("ceil_mode", 0), 0)
    attributes.require("storage_order", attributes.integer("storage_order", 0), 0)
    geometry = window(attributes)
    attributes.require("dilations", geometry.dilation, (1, 1))
    value, sums = walk.data(node), walk.sums(node)
    if min(sums.gain) < 0:
        raise node.refuse(
            "input", "sums of a negative scale", "positive scales", "put a Quant node before the pool"
        )
    name = node.output if sums.is_plain else walk.builder.free_name(f"{node.output}.sum")
    op = MaxPool2d(
        node.name, (sums.tensor.name,), name, kernel(attributes), geometry.stride, geometry.padding
    )
    tensor = walk.builder.emit(node, op, sums.tensor.type)
    return Codes(tensor) if isinstance(value, Codes) else replace(sums, tensor=tensor, exclusive=False)


def average_pool(walk: Walk, node: Node) -> Sums:
    walk.require_inputs(node, 1, 1)
    attributes = Attributes(
        node, "auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"
    )
    attributes.require("ceil_mode", attributes.integer("ceil_mode", 0), 0)
    attributes.require("count_include_pad", attributes.integer("count_include_pad", 0), 0, 1)
    geometry = window(attributes)
    attributes.require("dilations", geometry.dilation, (1, 1))
    attributes.require("pads", geometry.padding, (0, 0, 0, 0))
    return _mean(walk, node, kernel(attributes), geometry.stride)


def global_average_pool(walk: Walk, node: Node) -> Sums:
    walk.require_inputs(node, 1, 1)
    Attributes(node)
    size = _map_size(walk, node)
    return _mean(walk, node, size, size)


def reduce_mean(walk: Walk, node: Node) -> Sums:
    """The mean over height and width; inputs: data, axes (optional, in newer operator sets)."""
    attributes = Attributes(node, "axes", "keepdims", "noop_with_empty_axes")
    keep = attributes.integer("keepdims", 1)
    attributes.require("keepdims", keep, 0, 1)
    attributes.require("noop_with_empty_axes", attributes.integer("noop_with_empty_axes", 0), 0)
    size = _map_size(walk, node)
    axes = axes_of(walk, node, rank=4)
    if axes != {2, 3}:
        raise node.refuse("axes", sorted(axes), "[2, 3]", "average over height and width only")
    mean = _mean(walk, node, size, size)
    if keep:
        return mean
    name = walk.builder.free_name(f"{mean.tensor.name}.flat")
    flat = Flatten(f"{node.name}.flat", (mean.tensor.name,), name)
    return replace(mean, tensor=walk.builder.emit(node, flat, mean.tensor.type))


def _map_size(walk: Walk, node: Node) -> tuple[int, int]:
    shape = walk.data(node).shape
    if len(shape) != 3:
        raise node.refuse("input", f"shape [N, {shape[0]}]", "[N, C, H, W]", "pool before flattening")
    return shape[1], shape[2]


def _mean(walk: Walk, node: Node, kernel_size: tuple[int, int], stride: tuple[int, int]) -> Sums:
    """Exact sums over windows; the division goes into the gain."""
    sums = walk.sums(node)
    if sums.rectified:
        raise node.refuse(
            "input", "a Relu that is not quantised", "quantised data", "put a Quant node before the pool"
        )
    area = prod(kernel_size)
    type_ = sums.tensor.type
    name = walk.builder.free_name(f"{node.output}.sum")
    op = SumPool2d(node.name, (sums.tensor.name,), name, kernel_size, stride)
    tensor = walk.builder.emit(node, op, IntType(True, 64, type_.scale, area * type_.zero_point))
    return Sums(tensor, tuple(a / area for a in sums.gain), sums.offset)
