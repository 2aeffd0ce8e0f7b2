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
    parts = [walk.codes(node, index).tensor for index in range(len(node.inputs))]
    attributes = Attributes(node)
    rank = walk.rank(parts[0].shape)
    attributes.require("axis", attributes.integer("axis"), 1, 1 - rank)
    if len(parts) == 1:
        return Codes(parts[0])
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
    return Codes(walk.builder.emit(node, op, widest))
