"""`Quant`, `BipolarQuant` and `Trunc`: quantisation of weights and of data in QONNX."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from twofold.network.types import ONE, IntType
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.channels import integer, positive_scale, scalar
from twofold.qonnx.importer.handlers.inputs import quantised_input
from twofold.qonnx.importer.handlers.weights import quantised_constant
from twofold.qonnx.importer.multipliers import Target
from twofold.qonnx.importer.quantisers import quantise, require_finite
from twofold.qonnx.importer.reading import HIGHEST, LOWEST
from twofold.qonnx.importer.rounding import MODES, BipolarRounding, QuantRounding, TruncRounding
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.steps import DividedBy
from twofold.qonnx.importer.values import Codes, FixedValue, RawInput, Sums, Value

DATA_BITS = 16
CONSTANT_BITS = 32


def quant(walk: Walk, node: Node) -> Value:
    """Inputs: data, scale, zero point, bit width."""
    walk.require_inputs(node, 4, 4)
    attributes = Attributes(node)
    mode = _mode(attributes, "ROUND")
    signed, narrow = (_switch(attributes, name) for name in ("signed", "narrow"))
    value = walk.value(node, 0)
    is_fixed = isinstance(value, FixedValue)
    bits = _bits(node, walk.fixed(node, 3, "bit width"), signed, CONSTANT_BITS if is_fixed else DATA_BITS)
    scale = walk.fixed(node, 1, "scale")
    zero = integer(node, "zero point", walk.fixed(node, 2, "zero point"))
    bounds = code_bounds(bits, signed, narrow)
    if isinstance(value, FixedValue):
        if zero:
            raise node.refuse("zero point", zero, "0 for constants", "quantise weights symmetrically")
        return quantised_constant(node, value, scale, partial(_codes, mode, bounds))
    if not bounds[0] <= zero <= bounds[1]:
        raise node.refuse(
            "zero point", zero, f"a code in {list(bounds)}", "use a range that holds the number 0"
        )
    if np.unique(scale.array).size > 1 and isinstance(value, Codes | Sums):
        rounding = QuantRounding(1.0, zero, bounds, mode)
        return _scaled(walk, node, Target(IntType(signed, bits, ONE, zero), rounding, node.output))
    factor = positive_scale(node, "scale", scalar(node, "scale", scale))
    rounding = QuantRounding(float(factor), zero, bounds, mode)
    return written(walk, node, value, Target(IntType(signed, bits, factor, zero), rounding, node.output))


def _scaled(walk: Walk, node: Node, target: Target) -> Codes:
    """Codes of data with a scale for each channel: of their quotients, whose scale is 1."""
    sums = walk.any_sums(node)
    factors = walk.channel_floats(node, 1, sums, "scale")
    for number in set(factors.tolist()):
        positive_scale(node, "scale", Fraction(number))
    codes = quantise(walk.builder, node, sums.then(DividedBy(node.label, factors)), target)
    return replace(codes, factors=factors)


def bipolar(walk: Walk, node: Node) -> Value:
    """Inputs: data, scale. Codes -1 and 1."""
    walk.require_inputs(node, 2, 2)
    value, scale = walk.value(node, 0), walk.fixed(node, 1, "scale")
    if isinstance(value, FixedValue):
        return quantised_constant(node, value, scale, lambda x: np.where(x >= 0, 1.0, -1.0), divides=False)
    factor = positive_scale(node, "scale", scalar(node, "scale", scale))
    rounding = BipolarRounding(float(factor), 0, (-1, 1))
    return written(walk, node, value, Target(IntType(True, 2, factor), rounding, node.output))


def trunc(walk: Walk, node: Node) -> Value:
    """Inputs: data, scale, zero point, input bits, then output bits, or output scale and output bits.

    Version 1 keeps the scale and does not clamp, version 2 has a scale of its own and clamps.
    """
    walk.require_inputs(node, 5, 6)
    attributes = Attributes(node)
    mode = _mode(attributes, "FLOOR")
    scale = positive_scale(node, "scale", scalar(node, "scale", walk.fixed(node, 1, "scale")))
    zero = integer(node, "zero point", walk.fixed(node, 2, "zero point"))
    if zero:
        raise node.refuse("zero point", zero, "0", "quantise symmetrically before the truncation")
    bits_in, bits_out = (
        integer(node, "bit width", walk.fixed(node, index, "bit width"))
        for index in (3, len(node.inputs) - 1)
    )
    if not 2 <= bits_out <= min(bits_in, DATA_BITS) or bits_in > CONSTANT_BITS:
        raise node.refuse(
            "bit width", f"{bits_in} to {bits_out}", f"2 to {DATA_BITS} of up to 32", "keep more"
        )
    if len(node.inputs) == 5:
        signed = _is_signed(walk, node)
        divisor, factor, bounds = 2 ** (bits_in - bits_out), scale, code_bounds(bits_out, signed, False)
    else:
        signed = attributes.integer("signed", 1) == 1
        factor = positive_scale(
            node, "output scale", scalar(node, "scale", walk.fixed(node, 4, "output scale"))
        )
        ratio: Fraction = factor.fraction / scale.fraction
        if ratio.denominator != 1 or ratio.numerator & (ratio.numerator - 1):
            raise node.refuse("output scale", float(factor), "scale × 2^n", "truncate whole bits")
        divisor = int(ratio)
        bounds = code_bounds(bits_out, signed, attributes.integer("narrow", 0) == 1)
    rounding = TruncRounding(float(scale), 0, bounds, float(divisor), mode)
    if len(node.inputs) == 5:
        _check_reach(walk, node, rounding)
    target = Target(IntType(signed, bits_out, factor), rounding, node.output)
    return quantise(walk.builder, node, walk.any_sums(node), target)


def _codes(mode: str, bounds: tuple[int, int], numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """In float32, as the executor clamps and rounds: `HALF_UP` rounds 1/2 − 2^-25 to 1."""
    return MODES[mode](np.clip(numbers, np.float32(bounds[0]), np.float32(bounds[1])))


def _check_reach(walk: Walk, node: Node, rounding: TruncRounding) -> None:
    """Refuses codes beyond the bounds, which version 1 does not clamp to."""
    sums, most = walk.any_sums(node), 1 << CONSTANT_BITS
    range_, free = walk.builder.range_of(sums.tensor), replace(rounding, bounds=(-most, most))
    ends = [
        sums.reading.values(integers[:, None], side)
        for integers in (range_.lo, range_.hi)
        for side in (LOWEST, HIGHEST)
    ]
    require_finite(node, ends)
    codes = [free(values) for values in ends]
    least, greatest = int(np.min(codes)), int(np.max(codes))
    lo, hi = rounding.bounds
    if least < lo or greatest > hi:
        raise node.refuse(
            "bit width",
            f"codes from {least} to {greatest}",
            f"{lo} to {hi}, as five inputs say nothing of clamping",
            "give it the width of what it truncates, or an output scale, with which it clamps",
        )


def _is_signed(walk: Walk, node: Node) -> bool:
    range_ = walk.builder.range_of(walk.any_sums(node).tensor)
    return int(range_.lo.min()) < 0


def written(walk: Walk, node: Node, value: Value, target: Target) -> Codes:
    """The codes of data, or of the graph's input."""
    if isinstance(value, RawInput):
        return quantised_input(walk, node, value, target)
    sums = value if isinstance(value, Sums) else walk.any_sums(node)
    return quantise(walk.builder, node, sums, target)


def _mode(attributes: Attributes, default: str) -> str:
    mode = attributes.text("rounding_mode", default).upper()
    attributes.require("rounding_mode", mode, *MODES)
    return mode


def _switch(attributes: Attributes, name: str) -> bool:
    value = attributes.integer(name)
    attributes.require(name, value, 0, 1)
    return value == 1


def _bits(node: Node, value: FixedValue, signed: bool, most: int) -> int:
    bits = integer(node, "bit width", value)
    least = 2 if signed else 1
    if not least <= bits <= most:
        raise node.refuse("bit width", bits, f"{least} to {most}", "choose a width in this range")
    return bits


def code_bounds(bits: int, signed: bool, narrow: bool) -> tuple[int, int]:
    """QONNX's narrow range leaves out the lowest code of signed and the highest of unsigned types."""
    if signed:
        return -(1 << (bits - 1)) + narrow, (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1 - narrow
