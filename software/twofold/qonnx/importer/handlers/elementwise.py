"""Factors, terms and clamps for each channel, and sums of two tensors."""

from __future__ import annotations

import numpy as np

from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.channels import floats, scalar
from twofold.qonnx.importer.folding import folded
from twofold.qonnx.importer.handlers.addition import sum_of
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.steps import AtLeast, AtMost, DividedBy, Floats, Plus, Step, Times
from twofold.qonnx.importer.values import (
    Codes,
    Constant,
    DataValue,
    FixedValue,
    RawInput,
    StoredCodes,
    Sums,
    Value,
)

_CLIPPED = ("float32", "int8", "uint8", "int16", "uint16")
"""Types whose numbers are float32 numbers, as bounds are kept."""
MAX_STEPS = 64


def mul(walk: Walk, node: Node) -> Value:
    """Data times a constant, one for each channel."""
    walk.require_inputs(node, 2, 2)
    if walk.are_fixed(node):
        return folded(walk, node, np.multiply)
    index, data = _operand(walk, node)
    return _stepped(
        walk, node, index, Times(node.label, walk.channel_floats(node, 1 - index, data, "factor"))
    )


def div(walk: Walk, node: Node) -> Value:
    """Data divided by a constant, one for each channel, none of them 0."""
    walk.require_inputs(node, 2, 2)
    if walk.are_fixed(node):
        return folded(walk, node, np.divide)
    index, data = _operand(walk, node)
    if index:
        raise node.refuse("inputs", "a constant divided by data", "data divided by a constant", "use Mul")
    divisor = walk.channel_floats(node, 1, data, "divisor")
    if not divisor.all():
        raise node.refuse("divisor", 0, "numbers other than 0", "check the exported parameters")
    return _stepped(walk, node, 0, DividedBy(node.label, divisor))


def add(walk: Walk, node: Node) -> Value:
    """Data plus a constant, one for each channel, or the sum of two tensors of equal shape."""
    walk.require_inputs(node, 2, 2)
    if walk.are_fixed(node):
        return folded(walk, node, np.add)
    if not any(isinstance(walk.value(node, index), FixedValue) for index in (0, 1)):
        return sum_of(walk, node)
    index, data = _operand(walk, node)
    return _stepped(walk, node, index, Plus(node.label, walk.channel_floats(node, 1 - index, data, "term")))


def sub(walk: Walk, node: Node) -> Value:
    """Data minus a constant, or a constant minus data, one for each channel."""
    walk.require_inputs(node, 2, 2)
    if walk.are_fixed(node):
        return folded(walk, node, np.subtract)
    index, data = _operand(walk, node)
    term = walk.channel_floats(node, 1 - index, data, "term")
    if index == 0:
        return _stepped(walk, node, 0, Plus(node.label, -term))
    return _stepped(walk, node, 1, Times(node.label, -np.ones_like(term)), Plus(node.label, term))


def batch_normalisation(walk: Walk, node: Node) -> Value:
    """Inputs: data, scale [C], bias [C], mean [C], variance [C]; as ONNX Runtime computes it in inference."""
    walk.require_inputs(node, 5, 5)
    attributes = Attributes(node)
    attributes.require("training_mode", attributes.integer("training_mode", 0), 0)
    attributes.require("spatial", attributes.integer("spatial", 1), 1)
    epsilon = np.float32(attributes.number("epsilon", 1e-5))
    channels = walk.in_order(node, 0, _data(walk, node, 0)).shape[0]
    scale, bias, mean, variance = (
        _vector(walk, node, index, field, channels)
        for index, field in enumerate(("scale", "bias", "mean", "variance"), start=1)
    )
    if not (variance + epsilon > 0).all():
        raise node.refuse("variance", float(variance.min()), "numbers above 0", "check the parameters")
    factor = np.float32(1) / np.sqrt(variance + epsilon) * scale
    term = bias - mean * factor
    if not (np.isfinite(factor).all() and np.isfinite(term).all()):
        raise node.refuse("scale", "factors beyond float32", "finite ones", "check the exported parameters")
    return _stepped(walk, node, 0, Times(node.label, factor), Plus(node.label, term))


def relu(walk: Walk, node: Node) -> Value:
    """Nothing where the data are never negative; else left to the quantiser that follows."""
    walk.require_inputs(node, 1, 1)
    value = walk.value(node, 0)
    if isinstance(value, Codes) and value.tensor.type.lo == value.tensor.type.zero_point:
        return walk.any_data(node)
    channels = _data(walk, node, 0).shape[0]
    return _stepped(walk, node, 0, AtLeast(node.label, np.zeros(channels, np.float32)))


def clip(walk: Walk, node: Node) -> Value:
    """Data clamped to `min` and `max`: attributes in older operator sets, scalar inputs in newer ones."""
    walk.require_inputs(node, 1, 3)
    attributes = Attributes(node)
    found = {
        name: np.float32(attributes.number(name, 0.0)) for name in ("min", "max") if name in node.attributes
    }
    for index, name in enumerate(("min", "max"), start=1):
        if len(node.inputs) > index and node.inputs[index]:
            found[name] = np.float32(float(scalar(node, name, walk.fixed(node, index, name))))
    for name, bound in found.items():
        if not np.isfinite(bound):
            raise node.refuse(name, float(bound), "a finite number", "leave it out")
    value = walk.value(node, 0)
    if isinstance(value, StoredCodes):
        return _clipped(node, value, found)
    if isinstance(value, Constant):
        return _clipped_constant(node, value, found)
    channels = np.ones(_data(walk, node, 0).shape[0], np.float32)
    kinds = {"min": AtLeast, "max": AtMost}
    return _stepped(
        walk, node, 0, *(kinds[name](node.label, channels * bound) for name, bound in found.items())
    )


def _clipped_constant(node: Node, value: Constant, bounds: dict[str, np.float32]) -> Constant:
    array = value.array
    if array.dtype.name not in _CLIPPED:
        raise node.refuse("input", f"type {array.dtype}", ", ".join(_CLIPPED), "fold the constant")
    for name, limit in (("min", np.maximum), ("max", np.minimum)):
        if name in bounds:
            array = limit(array, bounds[name].astype(array.dtype))
    return Constant(array)


def _clipped(node: Node, value: StoredCodes, bounds: dict[str, np.float32]) -> StoredCodes:
    lo, hi = (
        int(bounds.get(name, end)) for name, end in zip(("min", "max"), value.rounding.bounds, strict=True)
    )
    if not lo <= value.type.zero_point <= hi:
        raise node.refuse(
            "bounds", f"{lo} to {hi}", f"a range with {value.type.zero_point}", "clip around the number 0"
        )
    return value.clipped(lo, hi, node.output)


def _operand(walk: Walk, node: Node) -> tuple[int, RawInput | DataValue]:
    """(which input is data, the data); the other one is a constant."""
    index = 0 if isinstance(walk.value(node, 1), FixedValue) else 1
    walk.fixed(node, 1 - index, "constant operand")
    return index, _data(walk, node, index)


def _data(walk: Walk, node: Node, index: int) -> RawInput | DataValue:
    value = walk.value(node, index)
    return value if isinstance(value, RawInput) else walk.any_data(node, index)


def _vector(walk: Walk, node: Node, index: int, field: str, channels: int) -> Floats:
    array = floats(node, field, walk.fixed(node, index, field))
    if array.shape != (channels,):
        raise node.refuse(
            field, f"shape {list(array.shape)}", f"[{channels}]", "give each channel one number"
        )
    return array


def _stepped(walk: Walk, node: Node, index: int, *steps: Step) -> RawInput | Sums:
    value = walk.value(node, index)
    before = value.steps if isinstance(value, RawInput) else walk.any_sums(node, index).reading.steps
    if len(before) >= MAX_STEPS:
        raise node.refuse(
            "input", f"{len(before)} steps since the last layer", f"up to {MAX_STEPS}", "fold them into one"
        )
    return value.then(*steps) if isinstance(value, RawInput) else walk.any_sums(node, index).then(*steps)
