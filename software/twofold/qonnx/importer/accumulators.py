"""Changes to a convolution or linear layer that keep its meaning and make its integers easier to use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from twofold.network.dyadic import Dyadic
from twofold.network.ops import Conv2d, Linear
from twofold.network.types import IntArray
from twofold.qonnx.importer.builder import Builder
from twofold.qonnx.importer.channels import MAX_SCALE, MIN_SCALE
from twofold.qonnx.importer.reading import Reading
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.values import Sums

BIAS_LIMIT = 1 << 53


def on_grid(offset: Sequence[Fraction], gain: Sequence[Fraction]) -> IntArray | None:
    """`offset / gain` where every quotient is an integer that fits a bias; else None."""
    if not all(gain):
        return None
    quotients = [b / a for a, b in zip(gain, offset, strict=True)]
    if any(q.denominator != 1 or abs(q) > BIAS_LIMIT for q in quotients):
        return None
    return np.array([int(q) for q in quotients], np.int64)


def with_folded_offset(builder: Builder, sums: Sums) -> Sums:
    """The offset moved into the integer bias of the layer before, where it lies on the accumulator's grid."""
    op = changeable(builder, sums)
    gain, offset = sums.reading.ideal
    if op is None or not any(offset):
        return sums
    bias = on_grid(offset, gain)
    if bias is None:
        return sums
    return _rewritten(builder, sums, replace(op, bias=op.bias + bias), sums.reading.moved(bias))


def with_positive_gain(builder: Builder, node: Node, sums: Sums) -> Sums:
    """Channels of negative gain turned over by the signs of their weights, so that all ascend."""
    signs = np.where(sums.reading.signs < 0, -1, 1)
    if signs.min() > 0:
        return sums
    op = changeable(builder, sums)
    if op is None:
        raise node.refuse(
            "input",
            f"a negative scale in channel {int(signs.argmin())} after a layer that is used elsewhere",
            "ascending functions of the integers",
            "move the sign into the weights before it",
        )
    weight = op.weight * signs.reshape(-1, *([1] * (op.weight.ndim - 1)))
    turned = replace(op, weight=weight, bias=op.bias * signs)
    return _rewritten(builder, sums, turned, sums.reading.turned(signs))


def positive_dyadic(numbers: set[Fraction]) -> Dyadic | None:
    """The one number of the set if it can be a type's scale; else None."""
    number = next(iter(numbers))
    if len(numbers) > 1 or not MIN_SCALE <= number <= MAX_SCALE or number.numerator >> 64:
        return None
    if number.denominator & (number.denominator - 1):
        return None
    return Dyadic.from_fraction(number)


def changeable(builder: Builder, sums: Sums) -> Conv2d | Linear | None:
    """The layer that computes `sums`, if nothing else reads it."""
    op = builder.producer(sums.tensor)
    return op if sums.exclusive and isinstance(op, Conv2d | Linear) else None


def _rewritten(builder: Builder, sums: Sums, op: Conv2d | Linear, reading: Reading) -> Sums:
    name = builder.free_name(f"{sums.tensor.name}.sum")
    gain, _ = reading.ideal
    tensor = builder.rewrite(op, name, positive_dyadic(set(gain)) or Dyadic(1))
    return replace(sums, tensor=tensor, reading=reading)
