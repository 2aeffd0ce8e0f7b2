"""Upsampling: `Resize`, nearest, by two."""

from __future__ import annotations

from twofold.network.ops import Upsample2d
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.channels import constant
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Codes

_EQUAL_BY_TWO = (
    ("asymmetric", "floor"),
    ("half_pixel", "round_prefer_floor"),
    ("half_pixel", "round_prefer_ceil"),
    ("pytorch_half_pixel", "round_prefer_floor"),
    ("pytorch_half_pixel", "round_prefer_ceil"),
)
"""Ways to choose the nearest pixel that are ⌊x / 2⌋ for twice the size."""


def resize(walk: Walk, node: Node) -> Codes:
    """Inputs: data, a region of interest that nearest ignores, then scales."""
    walk.require_inputs(node, 1, 3)
    attributes = Attributes(node)
    way = attributes.text("coordinate_transformation_mode", "half_pixel")
    nearest = attributes.text("nearest_mode", "round_prefer_floor")
    if (way, nearest) not in _EQUAL_BY_TWO:
        supported = "; ".join(map(", ".join, _EQUAL_BY_TWO))
        attributes.require("coordinate_transformation_mode, nearest_mode", f"{way}, {nearest}", supported)
    attributes.require("mode", attributes.text("mode", "nearest"), "nearest")
    source = walk.codes(node).tensor
    if len(source.shape) != 3 or walk.map_rank != 4:
        raise node.refuse("input", f"shape {list(source.shape)}", "a map", "upsample before flattening")
    scales = constant(node, "scales", walk.values[node.inputs[-1]]).array.tolist()
    if scales != [1, 1, 2, 2]:
        raise node.refuse("scales", scales, "1, 1, 2, 2", "upsample by two")
    op = Upsample2d(node.name, (source.name,), node.output)
    return Codes(walk.builder.emit(node, op, source.type))
