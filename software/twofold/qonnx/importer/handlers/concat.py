"""Joining along channels: `Concat` of quantised data, or of constant vectors."""

from __future__ import annotations

from dataclasses import replace

from twofold.network.ops import Concat
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.handlers import arithmetic
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Codes, Constant


def concat(walk: Walk, node: Node) -> Codes | Constant:
    """Data of quantisers that agree in scale, zero point and sign."""
    if walk.are_fixed(node):
        return arithmetic.concat(walk, node)
    walk.require_inputs(node, 1)
    values = [_operand(walk, node, index) for index in range(len(node.inputs))]
    parts, layout = [value.tensor for value in values], values[0].layout
    attributes = Attributes(node)
    rank = walk.rank(parts[0].shape)
    place = layout.axes.index(0) + 1 if layout.axes else 1
    attributes.require("axis", attributes.integer("axis"), place, place - rank)
    if len({value.layout.axes for value in values}) > 1:
        for index, value in enumerate(values):
            walk.in_order(node, index, value)
    if len(parts) == 1:
        return values[0]
    widest = max((part.type for part in parts), key=lambda type_: type_.bits)
    if any(replace(part.type, bits=widest.bits) != widest for part in parts):
        raise node.refuse(
            "inputs",
            ", ".join(str(part.type) for part in parts),
            "one scale, zero point and sign for all",
            "quantise them alike, with one shared quantiser",
        )
    if len({part.shape[1:] for part in parts}) > 1:
        raise node.refuse(
            "inputs", f"shapes {[list(part.shape) for part in parts]}", "equal height and width", "crop them"
        )
    op = Concat(node.name, tuple(part.name for part in parts), node.output)
    tensor = walk.builder.emit(node, op, widest)
    return Codes(tensor, layout=layout.with_map(tensor.shape))


def _operand(walk: Walk, node: Node, index: int) -> Codes:
    """A map whose axes the graph may have in any order, or a vector."""
    value = walk.any_codes(node, index)
    return value if len(value.shape) == 3 else walk.in_order(node, index, value)
