"""Changes to a convolution or linear layer that keep its meaning and make its integers easier to use."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from twofold.network.dyadic import Dyadic
from twofold.network.ops import Conv2d, Linear
from twofold.network.types import IntArray
from twofold.qonnx.importer.builder import Builder
from twofold.qonnx.importer.channels import MAX_SCALE, MIN_SCALE
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.values import Sums

BIAS_LIMIT = 1 << 53


def on_grid(offset: tuple[Fraction, ...], gain: tuple[Fraction, ...]) -> IntArray | None:
    """`offset / gain` where every quotient is an integer that fits a bias; else None."""
    if not all(gain):
        return None
    quotients = [b / a for a, b in zip(gain, offset, strict=True)]
    if any(q.denominator != 1 or abs(q) > BIAS_LIMIT for q in quotients):
        return None
    return np.array([int(q) for q in quotients], np.int64)


def with_folded_offset(builder: Builder, sums: Sums) -> Sums:
    """The offset moved into the integer bias of the layer before, where it lies on the accumulator's grid."""
    op = _changeable(builder, sums)
    if op is None or not any(sums.offset):
        return sums
    bias = on_grid(sums.offset, sums.gain)
    if bias is None:
        return sums
    zero = (Fraction(0),) * len(sums.offset)
    return _rewritten(builder, sums, replace(op, bias=op.bias + bias), sums.gain, zero)


def with_positive_gain(builder: Builder, node: Node, sums: Sums) -> Sums:
    """Channels of negative gain turned over by the signs of their weights, so that all ascend."""
    if min(set(sums.gain)) >= 0:
        return sums
    signs = np.array([-1 if gain < 0 else 1 for gain in sums.gain], np.int64)
    op = _changeable(builder, sums)
    if op is None:
        raise node.refuse(
            "input",
            f"a negative scale in channel {int(signs.argmin())} after a layer that is used elsewhere",
            "ascending functions of the integers",
            "move the sign into the weights before it",
        )
    weight = op.weight * signs.reshape(-1, *([1] * (op.weight.ndim - 1)))
    gain = tuple(abs(a) for a in sums.gain)
    return _rewritten(builder, sums, replace(op, weight=weight, bias=op.bias * signs), gain, sums.offset)


def as_output(builder: Builder, node: Node, sums: Sums, name: str) -> Sums:
    """`sums` as the graph's output `name`: integers with one positive scale and no offset, or a refusal."""
    sums = with_folded_offset(builder, sums)
    op, gains = _changeable(builder, sums), set(sums.gain)
    scale = positive_dyadic(gains)
    if op is not None and scale is not None and not sums.rectified and not any(sums.offset):
        return replace(sums, tensor=builder.rewrite(op, name, scale))
    if sums.is_plain:
        return sums
    if scale is None:
        raise node.refuse(
            "graph output",
            f"{len(gains)} scales, {float(min(gains)):g} to {float(max(gains)):g}",
            "one positive scale for all channels, a sum of powers of two",
            "quantise the last layer's weights with one scale per tensor, or end the graph with a quantiser",
        )
    raise node.refuse(
        "graph output",
        "a Relu without a quantiser"
        if sums.rectified
        else "sums with a bias or scale that no layer takes in",
        "accumulators of a layer, or a quantiser's result",
        "end the graph with a quantiser, or with a bias that is a multiple of input scale × weight scale",
    )


def positive_dyadic(numbers: set[Fraction]) -> Dyadic | None:
    """The one number of the set if it can be a type's scale; else None."""
    number = next(iter(numbers))
    if len(numbers) > 1 or not MIN_SCALE <= number <= MAX_SCALE or number.numerator >> 64:
        return None
    if number.denominator & (number.denominator - 1):
        return None
    return Dyadic.from_fraction(number)


def _changeable(builder: Builder, sums: Sums) -> Conv2d | Linear | None:
    op = builder.producer(sums.tensor)
    return op if sums.exclusive and isinstance(op, Conv2d | Linear) else None


def _rewritten(
    builder: Builder,
    sums: Sums,
    op: Conv2d | Linear,
    gain: tuple[Fraction, ...],
    offset: tuple[Fraction, ...],
) -> Sums:
    name = builder.free_name(f"{sums.tensor.name}.sum")
    tensor = builder.rewrite(op, name, positive_dyadic(set(gain)) or Dyadic(1))
    return replace(sums, tensor=tensor, gain=gain, offset=offset)
