"""Nodes that only rename or reshape: `Flatten`, `Reshape`, `Squeeze`, `Transpose`, `Identity`, `Dropout`."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
from onnx import numpy_helper

from twofold.network import ops
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.handlers.axes import axes_of
from twofold.qonnx.importer.layout import order_of_ones
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import (
    Codes,
    Constant,
    DataValue,
    FixedValue,
    QuantisedConstant,
    RawInput,
    Value,
)


def constant(walk: Walk, node: Node) -> Constant:
    """A tensor, or numbers of float32 or int64."""
    walk.require_inputs(node, 0, 0)
    if len(node.attributes) != 1:
        raise node.refuse("attributes", sorted(node.attributes), "one", "give it one value")
    ((name, value),) = node.attributes.items()
    if name == "value":
        return Constant(numpy_helper.to_array(value))
    return Constant(np.array(value, np.float32 if name.startswith("value_float") else np.int64))


def identity(walk: Walk, node: Node) -> Value:
    walk.require_inputs(node, 1, 1)
    return walk.value(node, 0)


def dropout(walk: Walk, node: Node) -> Value:
    """Nothing, outside training. Inputs: data, ratio, training mode, the latter two optional."""
    walk.require_inputs(node, 1, 3)
    if len(node.inputs) > 2 and walk.fixed(node, 2, "training mode").array.any():
        raise node.refuse("training mode", True, "False", "export the model in evaluation mode")
    return walk.value(node, 0)


def transpose(walk: Walk, node: Node) -> FixedValue | DataValue | RawInput:
    """Of constants, and of data, whose numbers stay where they are and whose layout changes."""
    walk.require_inputs(node, 1, 1)
    value = walk.value(node, 0)
    if isinstance(value, QuantisedConstant):
        order = _order(node, value.codes.ndim)
        return QuantisedConstant(np.transpose(value.codes, order), np.transpose(value.scale, order))
    if isinstance(value, Constant):
        return Constant(np.transpose(value.array, _order(node, value.array.ndim)))
    data = value if isinstance(value, RawInput) else walk.any_data(node)
    rank = walk.rank(data.shape)
    batch, *axes = _order(node, rank)
    if batch != 0:
        Attributes(node).require("perm", [batch, *axes], f"an order of the axes 1 to {rank - 1} behind 0")
    if rank == 2:
        return data
    return replace(data, layout=data.layout.transposed(_native(walk, data), [axis - 1 for axis in axes]))


def _order(node: Node, rank: int) -> tuple[int, ...]:
    attributes = Attributes(node)
    order = attributes.integers("perm", rank, tuple(reversed(range(rank))))
    if sorted(order) != list(range(rank)):
        attributes.require("perm", list(order), f"an order of the axes 0 to {rank - 1}")
    return order


def flatten(walk: Walk, node: Node) -> DataValue | RawInput:
    walk.require_inputs(node, 1, 1)
    attributes = Attributes(node)
    attributes.require("axis", attributes.integer("axis", 1), 1)
    return _flat(walk, node)


def reshape(walk: Walk, node: Node) -> Value:
    """To [N, C·H·W], or a map with axes of one element moved; constants to any shape. Inputs: data, shape."""
    walk.require_inputs(node, 2, 2)
    attributes = Attributes(node)
    allow_zero = attributes.integer("allowzero", 0)
    attributes.require("allowzero", allow_zero, 0, 1)
    target = walk.fixed(node, 1, "shape").array.ravel().tolist()
    if allow_zero and 0 in target:
        raise node.refuse("shape", target, "sizes of at least 1", "export it with allowzero 0")
    value = walk.value(node, 0)
    if isinstance(value, Constant):
        return _reshaped(node, value, target)
    if isinstance(value, QuantisedConstant) and value.scale.size == 1:
        codes = _reshaped(node, Constant(value.codes), target).array
        return QuantisedConstant(codes, value.scale.reshape((1,) * codes.ndim))
    data = value if isinstance(value, RawInput) else walk.any_data(node)
    elements = prod(data.shape)
    batches = [0] if walk.batch is None else [0, walk.batch]
    order = _moved_ones(walk, data, target, [-1, *batches])
    if order is not None:
        return replace(data, layout=data.layout.transposed(_native(walk, data), order))
    keeps_batch = [[-1, elements], *([batch, rest] for batch in batches for rest in (-1, elements))]
    if target not in keeps_batch:
        supported = f"[0, -1] or another that gives [N, {elements}]"
        raise node.refuse("shape", target, supported, "flatten all axes after the batch")
    return _flat(walk, node)


def _moved_ones(
    walk: Walk, data: DataValue | RawInput, target: list[int], batches: list[int]
) -> tuple[int, ...] | None:
    """The order of a map's axes if a Reshape only moves those of one element, as QKeras's converter writes
    [N, H, W, 1] to [N, 1, H, W]; else None."""
    if len(data.shape) == 1 or not target or target[0] not in batches:
        return None
    return order_of_ones(data.layout.graph_shape or _native(walk, data), target[1:])


def _native(walk: Walk, data: DataValue | RawInput) -> tuple[int, ...]:
    """The map's shape in a graph of the network's order, without the batch."""
    return data.shape if walk.rank(data.shape) == 4 else (data.shape[0], data.shape[2])


def _reshaped(node: Node, value: Constant, target: list[int]) -> Constant:
    try:
        return Constant(value.array.reshape(target))
    except (ValueError, TypeError):
        raise node.refuse("shape", target, f"one of {value.array.size} numbers", "check the model") from None


def squeeze(walk: Walk, node: Node) -> Value:
    """[N, C, 1, 1] to [N, C]; constants as they are specified."""
    value = walk.value(node, 0)
    if isinstance(value, Constant):
        return _squeezed(walk, node, value)
    data = walk.any_data(node)
    shape = data.shape
    axes = axes_of(walk, node, walk.rank(shape))
    if axes != data.layout.map_axes(walk.map_rank) or shape[1:] != (1, 1):
        found = f"axes {sorted(axes)} of [N, {', '.join(map(str, data.layout.graph_shape or shape))}]"
        raise node.refuse("axes", found, "axes [2, 3] of [N, C, 1, 1]", "use Flatten")
    return _flat(walk, node)


def _squeezed(walk: Walk, node: Node, value: Constant) -> Constant:
    """All axes of one element if the node names none."""
    shape = value.array.shape
    axes = axes_of(walk, node, len(shape)) or {axis for axis, size in enumerate(shape) if size == 1}
    if any(shape[axis] != 1 for axis in axes):
        raise node.refuse("axes", sorted(axes), "axes of size 1", "check the model")
    return Constant(np.squeeze(value.array, tuple(axes)))


def _flat(walk: Walk, node: Node) -> DataValue | RawInput:
    value = walk.value(node, 0)
    if isinstance(value, RawInput):
        return _flat_input(value)
    data, sums = walk.any_data(node), walk.any_sums(node)
    if len(data.shape) == 1:
        return data
    named = isinstance(data, Codes) or sums.is_plain
    name = node.output if named else walk.builder.free_name(f"{node.output}.flat")
    flat = ops.Flatten(node.name, (sums.tensor.name,), name)
    tensor = walk.builder.emit(node, flat, sums.tensor.type)
    if isinstance(data, Codes):
        factors = None if data.factors is None else np.repeat(data.factors, prod(data.shape[1:]))
        return Codes(tensor, layout=data.layout.flattened(), factors=factors)
    reading = sums.reading.repeated(prod(data.shape[1:]))
    return replace(sums, tensor=tensor, reading=reading, exclusive=False, layout=sums.layout.flattened())


def _flat_input(value: RawInput) -> RawInput:
    pixels = prod(value.shape[1:])
    steps = tuple(step.repeated(pixels) for step in value.steps)
    return replace(value, shape=(prod(value.shape),), steps=steps, layout=value.layout.flattened())
