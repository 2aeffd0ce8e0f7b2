"""`Conv`: two-dimensional convolution."""

from __future__ import annotations

from twofold.network.ops import Conv2d
from twofold.network.types import IntArray
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.handlers.geometry import kernel, window
from twofold.qonnx.importer.handlers.products import (
    bias_terms,
    emit_products,
    output_scales,
    quantised_weight,
)
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Sums


def conv(walk: Walk, node: Node) -> Sums:
    """Inputs: data [N, C, H, W], weight [O, C / group, K_h, K_w], bias [O] (optional)."""
    walk.require_inputs(node, 2, 3)
    attributes = Attributes(node, "auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
    geometry = window(attributes)
    operand, weight = walk.codes(node), quantised_weight(walk, node, 1)
    shape = weight.codes.shape
    if len(shape) != 4:
        raise node.refuse(
            "weight", f"shape {list(shape)}", "[O, C, K_h, K_w]", "use two-dimensional convolutions"
        )
    if "kernel_shape" in node.attributes:
        attributes.require("kernel_shape", kernel(attributes), shape[2:])
    bias = bias_terms(node, walk.fixed(node, 2, "bias") if len(node.inputs) > 2 else None, shape[0])

    def make(output: str, integers: IntArray) -> Conv2d:
        return Conv2d(
            node.name,
            (operand.tensor.name,),
            output,
            weight.codes,
            integers,
            geometry.stride,
            geometry.padding,
            geometry.dilation,
            attributes.integer("group", 1),
        )

    return emit_products(walk, node, operand, output_scales(node, weight, 0), bias, make)
