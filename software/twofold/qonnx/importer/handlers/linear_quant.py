"""`QuantizeLinear` and `DequantizeLinear`, with or without `Clip` between them (QDQ and QCDQ)."""

from __future__ import annotations

import numpy as np

from twofold.network.types import IntType
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.channels import integer, positive_scale, scalar
from twofold.qonnx.importer.handlers.quant import written
from twofold.qonnx.importer.handlers.weights import quantised_constant, spread
from twofold.qonnx.importer.multipliers import Target
from twofold.qonnx.importer.rounding import LinearRounding
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import (
    Codes,
    Constant,
    FixedValue,
    HostResult,
    QuantisedConstant,
    StoredCodes,
)

_TYPES = ("uint8", "int8", "uint16", "int16", "int32")


def quantize_linear(walk: Walk, node: Node) -> StoredCodes | Constant:
    """Inputs: data, scale, zero point (optional: 0 of type uint8)."""
    walk.require_inputs(node, 2, 3)
    attributes = Attributes(node)
    _check_blocks(attributes)
    attributes.require("output_dtype", attributes.integer("output_dtype", 0), 0)
    value = walk.value(node, 0)
    if isinstance(value, StoredCodes | HostResult):
        raise node.refuse("input", "integers", "real numbers", "dequantise them first")
    kind, zero = _zero_point(walk, node, "uint8")
    limits = np.iinfo(kind)
    scale = walk.fixed(node, 1, "scale")
    if isinstance(value, FixedValue):
        return _stored_constant(node, value, scale, zero, attributes.integer("axis", 1), kind)
    factor = positive_scale(node, "scale", scalar(node, "scale", scale))
    rounding = LinearRounding(float(factor), zero, (int(limits.min), int(limits.max)))
    type_ = IntType(limits.min < 0, limits.bits, factor, zero)
    return StoredCodes(node, value, type_, rounding, node.output)


def dequantize_linear(walk: Walk, node: Node) -> Codes | QuantisedConstant:
    """Inputs: integers, scale, zero point (optional: 0)."""
    walk.require_inputs(node, 2, 3)
    attributes = Attributes(node)
    _check_blocks(attributes)
    attributes.require("output_dtype", attributes.integer("output_dtype", 0), 0, 1)
    value, scale = walk.value(node, 0), walk.fixed(node, 1, "scale")
    if isinstance(value, StoredCodes):
        return _read(walk, node, value)
    if not isinstance(value, Constant) or value.array.dtype.name not in _TYPES:
        raise node.refuse(
            "input", "no integers", "QuantizeLinear's integers, or a constant of them", "quantise the data"
        )
    _, zero = _zero_point(walk, node, value.array.dtype.name)
    divisor = _along(node, scale, value.array.shape, attributes.integer("axis", 1))
    return QuantisedConstant(value.array.astype(np.int64) - zero, divisor)


def _read(walk: Walk, node: Node, value: StoredCodes) -> Codes | QuantisedConstant:
    """The integers with the meaning that they were written with."""
    scale = scalar(node, "scale", walk.fixed(node, 1, "scale"))
    _, zero = _zero_point(walk, node, "uint8")
    if (scale, zero) != (value.type.scale.fraction, value.type.zero_point):
        raise node.refuse(
            "scale and zero point",
            f"{float(scale):g} and {zero}",
            f"those of the QuantizeLinear node, {float(value.type.scale):g} and {value.type.zero_point}",
            "dequantise with what was quantised with",
        )
    if walk.builder.has(value.name):
        return Codes(walk.builder.tensor(value.name), layout=value.layout)
    return written(walk, value.node, value.source, Target(value.type, value.rounding, value.name))


def _stored_constant(
    node: Node, value: FixedValue, scale: FixedValue, zero: int, axis: int, kind: str
) -> Constant:
    """Integers of a constant, in their type."""
    limits = np.iinfo(kind)
    divisor = Constant(_along(node, scale, value.array.shape, axis))
    found = quantised_constant(
        node, value, divisor, lambda x: np.clip(np.rint(x) + np.float32(zero), limits.min, limits.max)
    )
    return Constant(found.codes.astype(kind))


def _along(node: Node, scale: FixedValue, shape: tuple[int, ...], axis: int) -> np.ndarray:
    """One scale, or one for each place along an axis."""
    array = scale.array
    if array.dtype != np.float32:
        raise node.refuse("scale", f"numbers of type {array.dtype}", "float32", "export in float32")
    if array.ndim == 1 and array.size > 1:
        if not -len(shape) <= axis < len(shape):
            raise node.refuse(
                "attribute axis", axis, f"an axis of {list(shape)}", "name an axis of the input"
            )
        array = array.reshape([-1 if place == axis % len(shape) else 1 for place in range(len(shape))])
    return spread(node, array, shape)


def _zero_point(walk: Walk, node: Node, default: str) -> tuple[str, int]:
    """(type of the integers, zero point)."""
    if len(node.inputs) < 3:
        return default, 0
    value = walk.fixed(node, 2, "zero point")
    kind = value.array.dtype.name
    if kind not in _TYPES:
        raise node.refuse("zero point", f"type {kind}", ", ".join(_TYPES), "quantise to 8 or 16 bits")
    return kind, integer(node, "zero point", value)


def _check_blocks(attributes: Attributes) -> None:
    attributes.require("block_size", attributes.integer("block_size", 0), 0)
    attributes.integer("saturate", 1)
