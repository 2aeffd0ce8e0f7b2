"""The sum of two tensors: shifted to one scale, or times whole numbers where the scales are free."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from twofold.network.dyadic import Dyadic
from twofold.network.graph import Tensor
from twofold.network.ops import Add, WeightedAdd
from twofold.network.rounding import MULTIPLIER_BITS
from twofold.network.types import IntType
from twofold.network.verify import FACTOR_ERROR
from twofold.qonnx.importer.accumulators import positive_dyadic
from twofold.qonnx.importer.points import Points, points_of_sum
from twofold.qonnx.importer.reading import SAFETY, read_as, slack_of
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Sums

MAX_SHIFT = 32
FACTOR_MAX = (1 << MULTIPLIER_BITS) - 1


def sum_of(walk: Walk, node: Node) -> Sums:
    """Of two tensors of equal shape, whose types say what their integers mean."""
    operands = (walk.any_sums(node, 0), walk.any_sums(node, 1))
    for name, operand in zip(node.inputs, operands, strict=True):
        if not operand.is_plain:
            raise node.refuse(
                f"input {name!r}",
                "sums after a Relu, or with their own scale or bias in each channel",
                "a quantised tensor",
                "put a Quant node before the addition",
            )
    if operands[0].layout != operands[1].layout:
        for index, operand in enumerate(operands):
            walk.in_order(node, index, operand)
    a, b = (operand.tensor for operand in operands)
    if a.shape != b.shape:
        raise node.refuse(
            "inputs", f"shapes {list(a.shape)} and {list(b.shape)}", "equal shapes", "add without broadcast"
        )
    return replace(_sum(walk, node, (a, b)), layout=operands[0].layout)


def _sum(walk: Walk, node: Node, operands: tuple[Tensor, Tensor]) -> Sums:
    """Integers times the unit are the numbers, but for what float32 rounds and inexact factors leave."""
    a, b = operands
    shifts = _shifts(a.type.scale, b.type.scale)
    factors = (1 << shifts[0], 1 << shifts[1]) if shifts else _factors(node, a.type.scale, b.type.scale)
    unit = a.type.scale.fraction / factors[0]
    scale = positive_dyadic({unit})
    slack = _slack(walk, operands, factors, unit)
    plain = scale is not None and not slack.any()
    name = node.output if plain else walk.builder.free_name(f"{node.output}.sum")
    inputs = (a.name, b.name)
    op = Add(node.name, inputs, name, shifts) if shifts else WeightedAdd(node.name, inputs, name, factors)
    zero = a.type.zero_point * factors[0] + b.type.zero_point * factors[1]
    tensor = walk.builder.emit(node, op, IntType(True, 64, scale or Dyadic.from_float(float(unit)), zero))
    reading = read_as([unit] * a.channels, [-unit * zero] * a.channels, slack.tolist())
    points = None if plain else _points(walk, operands, factors)
    return Sums(tensor, replace(reading, points=points))


def _shifts(a: Dyadic, b: Dyadic) -> tuple[int, int] | None:
    """The left shifts that bring both operands to the finer of two scales; None if none do."""
    ratio = a.fraction / b.fraction
    shift = max(ratio.numerator, ratio.denominator).bit_length() - 1
    if Fraction(2) ** shift not in (ratio, 1 / ratio) or shift > MAX_SHIFT:
        return None
    return (shift, 0) if ratio >= 1 else (0, shift)


def _factors(node: Node, a: Dyadic, b: Dyadic) -> tuple[int, int]:
    """Two whole numbers whose ratio is nearest to that of the scales, by its continued fraction.

    The nearest ratio p / q of numbers up to N is off by less than 1 / (q · N), about what float32 rounds.
    """
    ratio = a.fraction / b.fraction
    small = min(ratio, 1 / ratio)
    nearest = small.limit_denominator(FACTOR_MAX)
    if abs(nearest - small) > small * FACTOR_ERROR / 2:
        raise node.refuse(
            "scales",
            f"{a} and {b}",
            f"a ratio of two numbers up to {FACTOR_MAX}, or a power of two up to 2^{MAX_SHIFT}",
            "let both operands' quantisers use scales of like size",
        )
    low, high = nearest.numerator, nearest.denominator
    return (high, low) if ratio >= 1 else (low, high)


def _slack(
    walk: Walk, operands: tuple[Tensor, Tensor], factors: tuple[int, int], unit: Fraction
) -> npt.NDArray[np.float64]:
    """How far the executor's sums may be from `unit` times the integers, [C].

    |s·q − u·f·q| ≤ |s − u·f| · max|q| for an operand of scale s and factor f, and what two addends round.
    """
    channels = operands[0].channels
    bounds, rest = np.zeros(channels, np.int64), np.zeros(channels)
    for operand, factor in zip(operands, factors, strict=True):
        magnitudes = np.array(walk.builder.magnitudes(operand)) + abs(operand.type.zero_point)
        bounds += magnitudes * factor
        rest += magnitudes * float(abs(operand.type.scale.fraction - unit * factor))
    rounded = slack_of([unit] * channels, [Fraction(0)] * channels, bounds, bounds, addends=2)
    return np.array(rounded) + rest * SAFETY


def _points(walk: Walk, operands: tuple[Tensor, Tensor], factors: tuple[int, int]) -> Points | None:
    a, b = operands
    bounds = (walk.builder.range_of(a).bounds, walk.builder.range_of(b).bounds)
    return points_of_sum((a.type, b.type), bounds, factors)
