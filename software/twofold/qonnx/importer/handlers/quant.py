"""`Quant`: uniform quantisation of weights and of data."""

from __future__ import annotations

import numpy as np

from twofold.network.graph import Tensor
from twofold.network.types import IntType
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.channels import integer, positive_scale, scalar
from twofold.qonnx.importer.quantisers import Target, quantise
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Codes, FixedValue, QuantisedConstant, RawInput, Value

DATA_BITS = 16
CONSTANT_BITS = 32


def quant(walk: Walk, node: Node) -> Value:
    """Inputs: data, scale, zero point, bit width. Rounding: half to even."""
    walk.require_inputs(node, 4, 4)
    attributes = Attributes(node, "signed", "narrow", "rounding_mode")
    attributes.require(
        "rounding_mode", attributes.text("rounding_mode", "ROUND").upper(), "ROUND", "HALF_EVEN"
    )
    signed, narrow = (_switch(attributes, name) for name in ("signed", "narrow"))
    value = walk.value(node, 0)
    is_fixed = isinstance(value, FixedValue)
    bits = _bits(node, walk.fixed(node, 3, "bit width"), signed, CONSTANT_BITS if is_fixed else DATA_BITS)
    scale, zero_point = walk.fixed(node, 1, "scale"), walk.fixed(node, 2, "zero point")
    lo, hi = _bounds(bits, signed, narrow)
    if isinstance(value, FixedValue):
        return _constant(node, value, scale, integer(node, "zero point", zero_point), (lo, hi))
    target = _target(node, scale, zero_point, bits, signed, (lo, hi))
    if isinstance(value, RawInput):
        return _input(walk, node, value, target)
    return quantise(walk.builder, node, walk.sums(node), target)


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


def _bounds(bits: int, signed: bool, narrow: bool) -> tuple[int, int]:
    """QONNX's narrow range leaves out the lowest code of signed and the highest of unsigned types."""
    if signed:
        return -(1 << (bits - 1)) + narrow, (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1 - narrow


def _target(
    node: Node, scale: FixedValue, zero_point: FixedValue, bits: int, signed: bool, bounds: tuple[int, int]
) -> Target:
    factor = positive_scale(node, "scale", scalar(node, "scale", scale))
    zero = integer(node, "zero point", zero_point)
    if not bounds[0] <= zero <= bounds[1]:
        raise node.refuse(
            "zero point", zero, f"a code in {list(bounds)}", "use a range that holds the number 0"
        )
    return Target(IntType(signed, bits, factor, zero), bounds)


def _input(walk: Walk, node: Node, value: RawInput, target: Target) -> Codes:
    if walk.builder.has_input:
        raise node.refuse(
            "input", "a second quantiser of the graph's input", "one", "share the first one's output"
        )
    if target.bounds != (target.type.lo, target.type.hi):
        raise node.refuse(
            "attribute narrow", 1, "0 for the quantiser of the graph's input", "use the type's whole range"
        )
    return Codes(walk.builder.set_input(node, Tensor(node.output, value.shape, target.type)))


def _constant(
    node: Node, value: FixedValue, scale: FixedValue, zero_point: int, bounds: tuple[int, int]
) -> QuantisedConstant:
    """The codes as the float32 arithmetic of QONNX gives them."""
    if zero_point:
        raise node.refuse("zero point", zero_point, "0 for constants", "quantise weights symmetrically")
    divisor = scale.array.astype(np.float32)
    shape = value.array.shape
    if divisor.size == 1:
        divisor = divisor.reshape((1,) * len(shape))
    divisor = divisor.reshape((1,) * (len(shape) - divisor.ndim) + divisor.shape)
    if divisor.ndim != len(shape) or any(a not in (1, b) for a, b in zip(divisor.shape, shape, strict=True)):
        raise node.refuse("scale", f"shape {list(scale.array.shape)}", f"one that spreads over {list(shape)}",
                          "use one scale per tensor or per output channel")  # fmt: skip
    if not (np.isfinite(divisor) & (divisor > 0)).all():
        raise node.refuse(
            "scale", float(divisor.min()), "positive finite scales", "check the exported parameters"
        )
    if not np.isfinite(value.array).all():
        raise node.refuse("input", "NaN or infinity", "finite numbers", "check the exported parameters")
    with np.errstate(over="ignore"):  # an infinite quotient is clamped as any other
        scaled = value.array.astype(np.float32) / divisor
    codes = np.rint(np.clip(scaled, np.float64(bounds[0]), np.float64(bounds[1])))
    return QuantisedConstant(codes.astype(np.int64), divisor)
