"""`Conv`: convolution in one or two dimensions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

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
from twofold.qonnx.importer.values import Codes, QuantisedConstant, Sums


def conv(walk: Walk, node: Node) -> Sums:
    """Inputs: data [N, C, H, W], weight [O, C / group, K_h, K_w], bias [O] (optional).

    In one dimension without H and K_h.
    """
    walk.require_inputs(node, 2, 3)
    attributes = Attributes(node)
    axes = walk.map_rank - 2
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
    geometry = window(attributes, _padded_size(node, operand), weight.codes.shape[2:], axes)
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

    scales = output_scales(node, weight, 0)
    factors = _group_factors(node, operand, len(scales), attributes.integer("group", 1))
    scaled = tuple(scale * factor for scale, factor in zip(scales, factors, strict=True))
    return emit_products(walk, node, operand, scaled, bias, make)


def _padded_size(node: Node, operand: Codes) -> tuple[int, int]:
    """Height and width of a map with the zeros that a Pad node before puts around it."""
    if len(operand.shape) != 3:
        raise node.refuse("input", f"shape [N, {operand.shape[0]}]", "a map", "convolve before flattening")
    (_, height, width), (top, left, bottom, right) = operand.shape, operand.pads
    return top + height + bottom, left + width + right


def _group_factors(node: Node, operand: Codes, outputs: int, groups: int) -> tuple[Fraction, ...]:
    """The operand's factor that all inputs of each output share, [O]."""
    factors = operand.factors
    if factors is None or groups < 1 or len(factors) % groups or outputs % groups:
        return (Fraction(1),) * outputs
    rows = factors.reshape(groups, -1)
    if (rows != rows[:, :1]).any():
        raise node.refuse(
            f"input {node.inputs[0]!r}",
            "a scale for each channel",
            "one scale for all inputs of a group, as a depthwise convolution has",
            "quantise per tensor before a convolution that mixes channels",
        )
    return tuple(Fraction(number) for number in np.repeat(rows[:, 0], outputs // groups).tolist())
