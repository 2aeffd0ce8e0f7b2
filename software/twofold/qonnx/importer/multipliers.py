"""The multiplier form of a quantiser, and when the executor's arithmetic is exactly it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import frexp

import numpy as np

from twofold.network.ops import Requantise
from twofold.network.ranges import PRODUCT_BITS
from twofold.network.rounding import MULTIPLIER_BITS, SHIFT_MAX
from twofold.network.types import IntType
from twofold.qonnx.importer.builder import Builder
from twofold.qonnx.importer.reading import Reading
from twofold.qonnx.importer.rounding import NEAREST, LinearRounding, QuantRounding, Rounding
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.steps import AtLeast, DividedBy, Plus, is_clamp
from twofold.qonnx.importer.values import Sums


@dataclass(frozen=True)
class Target:
    """What a quantiser writes: codes of `type`, in the tensor `name`."""

    type: IntType
    rounding: Rounding
    name: str


def multiplier_form(builder: Builder, node: Node, sums: Sums, target: Target) -> Requantise | None:
    """The form with the nearest multipliers; None where an offset, a clamp or a mode has no place in it."""
    rounding, (gain, offset) = target.rounding, sums.reading.ideal
    nearest = isinstance(rounding, LinearRounding) or (
        isinstance(rounding, QuantRounding) and rounding.mode in NEAREST
    )
    if not nearest or any(offset) or not _is_line_or_relu(sums.reading):
        return None
    scale, zero, (lo, hi) = target.type.scale.fraction, target.type.zero_point, rounding.bounds
    pairs = {number: _nearest_ratio(number / scale) for number in set(gain)}
    if None in pairs.values() or not lo <= zero <= hi:
        return None
    multiplier, shift = np.array([pairs[number] for number in gain], np.int64).T
    products = builder.range_of(sums.tensor).magnitude * multiplier
    if products.max() >= 2.0**PRODUCT_BITS:
        return None
    bounds = (max(lo, zero), hi) if sums.reading.is_clamped else (lo, hi)
    return Requantise(
        builder.free_op_name(node.name), (sums.tensor.name,), target.name, multiplier, shift, bounds
    )


def is_exact_arithmetic(builder: Builder, sums: Sums, target: Target) -> bool:
    """The executor rounds nothing before it rounds to codes, and `Requantise` breaks its ties alike."""
    rounding, reading = target.rounding, sums.reading
    if not isinstance(rounding, QuantRounding | LinearRounding):
        return False
    gain, _ = reading.ideal
    scale = target.type.scale.fraction
    ratios = [number / scale for number in set(gain)]
    if any(_exact_ratio(ratio) is None for ratio in ratios):
        return False
    ones = np.ones(len(gain), np.float32)
    scaled = reading.then(DividedBy("scale", ones * np.float32(rounding.scale)))
    if isinstance(rounding, LinearRounding):
        return scaled.is_exact(builder.magnitudes(sums.tensor))
    zero = rounding.zero_point
    # `Quant` adds its zero point before it rounds and `Requantise` after, which differs at ties if it is odd.
    ties = zero % 2 and any(ratio.denominator > 1 for ratio in ratios)
    shifted = scaled.then(Plus("zero point", ones * np.float32(zero)))
    return not ties and shifted.is_exact(builder.magnitudes(sums.tensor))


def _is_line_or_relu(reading: Reading) -> bool:
    """Clamps at 0 only, and after one no term and no negative factor."""
    clamped = False
    for step in reading.steps:
        if is_clamp(step):
            if not isinstance(step, AtLeast) or step.constant.any():
                return False
            clamped = True
        elif clamped and (isinstance(step, Plus) or step.signs.min() < 0):
            return False
    return True


def _exact_ratio(ratio: Fraction) -> tuple[int, int] | None:
    """(M, n) with ratio = M / 2^n; None if there is none in range."""
    shift = ratio.denominator.bit_length() - 1
    fits = (
        ratio.denominator == 1 << shift and shift <= SHIFT_MAX and 0 <= ratio.numerator < 1 << MULTIPLIER_BITS
    )
    return (ratio.numerator, shift) if fits else None


def _nearest_ratio(ratio: Fraction) -> tuple[int, int] | None:
    """(M, n) with M / 2^n nearest to the ratio; None if it is out of range."""
    exact = _exact_ratio(ratio)
    if exact is not None or ratio <= 0:
        return exact
    shift = MULTIPLIER_BITS - frexp(float(ratio))[1]
    if not 0 <= shift <= SHIFT_MAX:
        return None
    return _exact_ratio(Fraction(round(ratio * 2**shift), 2**shift))
