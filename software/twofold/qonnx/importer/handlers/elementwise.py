"""`Mul`, `Add` and `Relu`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from twofold.network.dyadic import Dyadic
from twofold.network.ops import Add
from twofold.network.types import IntType
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.channels import MAX_SCALE, MIN_SCALE, per_channel
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Codes, DataValue, FixedValue, Sums

MAX_SHIFT = 32


def mul(walk: Walk, node: Node) -> Sums:
    """Data times a constant, one for each channel."""
    data, factor = _data_and_constant(walk, node)
    factors = per_channel(node, "factor", factor, data.shape)
    if data.rectified and min(factors) < 0:
        raise node.refuse("factor", "a negative one after Relu", "factors ≥ 0", "quantise before this node")
    result = data.times(factors)
    if any(gain and not MIN_SCALE <= abs(gain) <= MAX_SCALE for gain in result.gain):
        raise node.refuse(
            "factor", "a scale beyond 2^±200", "scales of real layers", "check the exported parameters"
        )
    return result


def add(walk: Walk, node: Node) -> Sums:
    """Data plus a constant, one for each channel, or the sum of two tensors of equal shape."""
    walk.require_inputs(node, 2, 2)
    Attributes(node)
    if not any(isinstance(walk.value(node, index), FixedValue) for index in (0, 1)):
        return _sum(walk, node)
    data, term = _data_and_constant(walk, node)
    if data.rectified:
        raise node.refuse(
            "term", "an addition after Relu", "an addition before it", "quantise before this node"
        )
    return data.plus(per_channel(node, "term", term, data.shape))


def relu(walk: Walk, node: Node) -> DataValue:
    """Nothing where the data are never negative; else left to the quantiser that follows."""
    walk.require_inputs(node, 1, 1)
    Attributes(node)
    value = walk.data(node)
    if isinstance(value, Codes) and value.tensor.type.lo == value.tensor.type.zero_point:
        return value
    return replace(walk.sums(node), rectified=True)


def _data_and_constant(walk: Walk, node: Node) -> tuple[Sums, FixedValue]:
    walk.require_inputs(node, 2, 2)
    Attributes(node)
    index = 1 if isinstance(walk.value(node, 1), FixedValue) else 0
    return walk.sums(node, 1 - index), walk.fixed(node, index, "constant operand")


def _sum(walk: Walk, node: Node) -> Sums:
    operands = (walk.sums(node, 0), walk.sums(node, 1))
    for name, operand in zip(node.inputs, operands, strict=True):
        if not operand.is_plain:
            raise node.refuse(
                f"input {name!r}",
                "sums after a Relu, or with their own scale or bias in each channel",
                "a quantised tensor",
                "put a Quant node before the addition",
            )
    a, b = (operand.tensor for operand in operands)
    if a.shape != b.shape:
        raise node.refuse(
            "inputs", f"shapes {list(a.shape)} and {list(b.shape)}", "equal shapes", "add without broadcast"
        )
    scale, shifts = _common_scale(node, a.type.scale, b.type.scale)
    zero = (a.type.zero_point << shifts[0]) + (b.type.zero_point << shifts[1])
    op = Add(node.name, (a.name, b.name), node.output, shifts)
    tensor = walk.builder.emit(node, op, IntType(True, 64, scale, zero))
    return Codes(tensor).as_sums()


def _common_scale(node: Node, a: Dyadic, b: Dyadic) -> tuple[Dyadic, tuple[int, int]]:
    """The finer of two scales, and the left shifts that bring both operands to it."""
    ratio = a.fraction / b.fraction
    shift = max(ratio.numerator, ratio.denominator).bit_length() - 1
    if Fraction(2) ** shift not in (ratio, 1 / ratio) or shift > MAX_SHIFT:
        raise node.refuse(
            "scales",
            f"{a} and {b}",
            f"scales that differ by a power of two up to 2^{MAX_SHIFT}",
            "let both operands' quantisers use power-of-two scales",
        )
    return (b, (shift, 0)) if ratio >= 1 else (a, (0, shift))
