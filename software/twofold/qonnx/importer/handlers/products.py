"""What convolutions and linear layers share: integer weights, scales and biases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from twofold.network.dyadic import Dyadic
from twofold.network.graph import Tensor
from twofold.network.ops import Conv2d, Linear
from twofold.network.ranges import ChannelRange, partial_sums
from twofold.network.shapes import result_shape
from twofold.network.types import IntArray, IntType
from twofold.qonnx.importer.accumulators import on_grid, positive_dyadic
from twofold.qonnx.importer.channels import exact
from twofold.qonnx.importer.reading import read_as, slack_of
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Codes, FixedValue, QuantisedConstant, Sums


def quantised_weight(walk: Walk, node: Node, index: int) -> QuantisedConstant:
    """Input `index`, which must be a quantised constant."""
    value = walk.fixed(node, index, "weight")
    if not isinstance(value, QuantisedConstant):
        raise node.refuse(
            "weight",
            "plain numbers",
            "the output of a Quant node over a constant",
            "quantise this layer's weights",
        )
    return value


def output_scales(node: Node, weight: QuantisedConstant, axis: int) -> tuple[Fraction, ...]:
    """The weights' scale of each output channel, [O]. axis: the output channels in the weight's shape."""
    shape = weight.scale.shape
    if any(size > 1 for dimension, size in enumerate(shape) if dimension != axis):
        raise node.refuse(
            "weight scale", f"shape {list(shape)}", f"one scale, or one for each channel along axis {axis}",
            "quantise the weights per tensor or per output channel",
        )  # fmt: skip
    fractions = tuple(Fraction(number) for number in weight.scale.ravel().tolist())
    return fractions * weight.codes.shape[axis] if len(fractions) == 1 else fractions


def bias_terms(node: Node, value: FixedValue | None, outputs: int) -> tuple[Fraction, ...]:
    """The real bias of each output channel, [O]; zeros if the layer has none."""
    if value is None:
        return (Fraction(0),) * outputs
    terms = exact(node, "bias", value)
    vector = terms.ndim <= 1 or set(terms.shape[:-1]) == {1}
    if not vector or terms.size not in (1, outputs):
        raise node.refuse(
            "bias", f"shape {list(terms.shape)}", f"shape [{outputs}]", "use one bias per channel"
        )
    return tuple(terms.ravel()) * (outputs // terms.size)


def emit_products(
    walk: Walk,
    node: Node,
    operand: Codes,
    scales: tuple[Fraction, ...],
    bias: tuple[Fraction, ...],
    make: Callable[[str, IntArray], Conv2d | Linear],
) -> Sums:
    """Adds the layer that `make(output name, integer bias)` gives.

    Its bias takes the input's zero point and, where it lies on the accumulator's grid, the real bias;
    otherwise the bias stays in the sums' offset, for thresholds to take.
    """
    type_ = operand.tensor.type
    gain = tuple(type_.scale.fraction * scale for scale in scales)
    integers = on_grid(bias, gain)
    offset = bias if integers is None else (Fraction(0),) * len(bias)
    scale = positive_dyadic(set(gain))
    op = make(node.output, integers if integers is not None else np.zeros(len(bias), np.int64))
    result_shape(op, operand.shape)
    slack = _slack(walk, op, operand.tensor, gain, offset)
    plain = scale is not None and integers is not None and not any(slack)
    weight_sums = op.weight.reshape(len(bias), -1).sum(axis=1)
    name = node.output if plain else walk.builder.free_name(f"{node.output}.sum")
    op = replace(op, output=name, bias=op.bias - type_.zero_point * weight_sums)
    tensor = walk.builder.emit(node, op, IntType(True, 64, scale or Dyadic(1)))
    return Sums(tensor, read_as(gain, offset, slack), exclusive=True)


def _slack(
    walk: Walk,
    op: Conv2d | Linear,
    operand: Tensor,
    gain: tuple[Fraction, ...],
    offset: tuple[Fraction, ...],
) -> list[float]:
    """How far the executor's float32 sums may be from exact ones, [O]. op: with its bias in real units."""
    codes, zero = walk.builder.range_of(operand), operand.type.zero_point
    # padding adds the number 0, which is in every range of numbers around the zero point
    numbers = ChannelRange(codes.lo - zero, codes.hi - zero).including(0)
    greatest, least = partial_sums(op, numbers)
    addends = op.weight[0].size + 1
    return slack_of(gain, offset, np.maximum(greatest, -least), greatest - least, addends)
