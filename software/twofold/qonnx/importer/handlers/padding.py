"""`Pad`: zeros around a map, for the convolution that follows."""

from __future__ import annotations

from dataclasses import replace

from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.channels import scalar
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Codes

_LARGEST = 1 << 20


def pad(walk: Walk, node: Node) -> Codes:
    """Inputs: data, pads and value (attributes in older operator sets)."""
    walk.require_inputs(node, 1, 3)
    attributes = Attributes(node)
    attributes.require("mode", attributes.text("mode", "constant"), "constant")
    attributes.require("value", attributes.number("value", 0.0), 0.0)
    if len(node.inputs) > 2 and scalar(node, "value", walk.fixed(node, 2, "value")):
        raise node.refuse("value", "another one", "0", "pad with zeros")
    rank = walk.map_rank
    if len(node.inputs) > 1:
        pads = tuple(walk.fixed(node, 1, "pads").array.ravel().tolist())
    else:
        pads = attributes.integers("pads", 2 * rank)
    codes = walk.padded_codes(node)
    begin, end = pads[:rank], pads[rank:]
    inside = len(pads) == 2 * rank and all(isinstance(n, int) and 0 <= n <= _LARGEST for n in pads)
    if not inside or any((*begin[:2], *end[:2])) or len(codes.shape) != 3:
        raise node.refuse("pads", list(pads), f"0 to {_LARGEST} around the map only", "pad height and width")
    (top, left), (bottom, right) = ((0, *ends[2:])[-2:] for ends in (begin, end))
    added = zip(codes.pads, (top, left, bottom, right), strict=True)
    first, second, third, fourth = (a + b for a, b in added)
    return replace(codes, pads=(first, second, third, fourth))
