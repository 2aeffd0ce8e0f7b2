"""The quantiser of the graph's input."""

from __future__ import annotations

from twofold.network.graph import Tensor
from twofold.qonnx.importer.images import ImageReader
from twofold.qonnx.importer.multipliers import Target
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Codes, RawInput


def quantised_input(walk: Walk, node: Node, value: RawInput, target: Target) -> Codes:
    """Codes of the images, which the caller hands in; what comes before them is the reader's work."""
    if walk.builder.has_input:
        raise node.refuse(
            "input", "a second quantiser of the graph's input", "one", "share the first one's output"
        )
    reader = ImageReader(
        value.image_shape,
        value.shape,
        value.steps,
        target.type,
        target.rounding,
        node.label,
        value.image_layout,
    )
    tensor = walk.builder.set_input(node, Tensor(target.name, value.shape, target.type), reader)
    return Codes(tensor, layout=value.layout)
