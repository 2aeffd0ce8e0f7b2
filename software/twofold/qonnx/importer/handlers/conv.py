"""`Conv`: convolution in one or two dimensions."""

from __future__ import annotations

from twofold.network.ops import Conv2d
from twofold.network.types import IntArray
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.handlers.geometry import window
from twofold.qonnx.importer.handlers.products import (
    bias_terms,
    emit_products,
    output_scales,
    quantised_weight,
)
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import QuantisedConstant, Sums


def conv(walk: Walk, node: Node) -> Sums:
    """Inputs: data [N, C, H, W], weight [O, C / group, K_h, K_w], bias [O] (optional).

    In one dimension without H and K_h.
    """
    walk.require_inputs(node, 2, 3)
    attributes = Attributes(node)
    axes = walk.map_rank - 2
    geometry = window(attributes, axes)
    operand, weight = walk.padded_codes(node), quantised_weight(walk, node, 1)
    shape = weight.codes.shape
    if len(shape) != 2 + axes:
        expected = "[O, C, K_h, K_w]" if axes == 2 else "[O, C, K_w]"
        raise node.refuse(
            "weight", f"shape {list(shape)}", expected, "use convolutions of one or two dimensions"
        )
    if "kernel_shape" in node.attributes:
        attributes.require("kernel_shape", attributes.integers("kernel_shape", axes), shape[2:])
    if axes == 1:
        weight = QuantisedConstant(weight.codes[:, :, None], weight.scale[:, :, None])
    bias = bias_terms(node, walk.fixed(node, 2, "bias") if len(node.inputs) > 2 else None, shape[0])
    top, left, bottom, right = (a + b for a, b in zip(geometry.padding, operand.pads, strict=True))

    def make(output: str, integers: IntArray) -> Conv2d:
        return Conv2d(
            node.name,
            (operand.tensor.name,),
            output,
            weight.codes,
            integers,
            geometry.stride,
            (top, left, bottom, right),
            geometry.dilation,
            attributes.integer("group", 1),
        )

    return emit_products(walk, node, operand, output_scales(node, weight, 0), bias, make)
