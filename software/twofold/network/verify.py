"""The rules that a `Network` keeps; checked when it is made and after each pass."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import singledispatch
from math import prod

import numpy as np

from twofold.network.errors import NetworkError
from twofold.network.graph import Network, Tensor
from twofold.network.ops import (
    ALL_OPS,
    Add,
    Concat,
    Flatten,
    MaxPool2d,
    Op,
    Requantise,
    SumPool2d,
    Threshold,
    Upsample2d,
    WeightedAdd,
)
from twofold.network.ranges import EXACT_BITS, value_ranges
from twofold.network.rounding import MULTIPLIER_BITS, SHIFT_MAX
from twofold.network.shapes import MAX_ELEMENTS, result_shape
from twofold.network.types import IntArray

FACTOR_ERROR = Fraction(1, 1 << 8)
"""How much, relatively, the scales of a sum's operands may be off after their factors."""


def verify(network: Network) -> Network:
    """The network itself if it keeps every rule; else raises NetworkError, naming the node and the field."""
    for tensor in network.tensors.values():
        _verify_shape(tensor)
    _verify_names(network)
    for op in network.ops:
        shape = result_shape(op, *(operand.shape for operand in network.operands(op)))
        if network.result(op).shape != shape:
            raise NetworkError(op.name, "output shape", str(list(shape)), list(network.result(op).shape))
        verify_op(op, network)
    for name, range_ in value_ranges(network).items():
        tensor = network.tensors[name]
        if not tensor.type.contains(*range_.bounds):
            writer = network.producers[name].name if name in network.producers else name
            raise NetworkError(writer, "output type", f"a type that holds {range_.bounds}", tensor.type)
    return network


def _verify_shape(tensor: Tensor) -> None:
    if len(tensor.shape) not in (1, 3) or min(tensor.shape) < 1 or tensor.elements > MAX_ELEMENTS:
        expected = f"[C, H, W] or [C] with 1 to {MAX_ELEMENTS} elements"
        raise NetworkError(tensor.name, "shape", expected, list(tensor.shape))


def _verify_names(network: Network) -> None:
    if network.input_name not in network.tensors or network.output_name not in network.tensors:
        raise NetworkError(
            network.name, "input and output", "names of tensors", (network.input_name, network.output_name)
        )
    if network.input.type.bits > EXACT_BITS:
        raise NetworkError(network.input_name, "input type", f"at most {EXACT_BITS} bits", network.input.type)
    ready, names = {network.input_name}, set[str]()
    for op in network.ops:
        if type(op) not in ALL_OPS:
            raise NetworkError(
                op.name, "op", "one of " + ", ".join(kind.__name__ for kind in ALL_OPS), op.kind
            )
        if op.name in names:
            raise NetworkError(op.name, "name", "a name of its own", "another op of this name")
        _verify_arity(op)
        for name in op.inputs:
            if name not in ready:
                raise NetworkError(op.name, "inputs", "tensors computed before", name)
        if op.output in ready or op.output not in network.tensors:
            raise NetworkError(op.name, "output", "a tensor that no other op writes", op.output)
        ready.add(op.output)
        names.add(op.name)
    if network.output_name not in ready:
        raise NetworkError(network.name, "output", "a tensor that an op writes", network.output_name)
    for name in network.tensors.keys() - ready:
        raise NetworkError(network.name, "tensors", "tensors that an op writes", name)


def _verify_arity(op: Op) -> None:
    if isinstance(op, Concat):
        if len(op.inputs) < 2:
            raise NetworkError(op.name, "inputs", "2 operands or more", op.inputs)
        return
    arity = 2 if isinstance(op, Add | WeightedAdd) else 1
    if len(op.inputs) != arity:
        raise NetworkError(op.name, "inputs", f"{arity} operand(s)", op.inputs)


@singledispatch
def verify_op(op: Op, network: Network) -> None:
    """Rules of one kind of op beyond its shapes."""


@verify_op.register
def _(op: Add, network: Network) -> None:
    result = network.result(op).type
    zero = 0
    for operand, shift in zip(network.operands(op), op.shifts, strict=True):
        scale = operand.type.scale.fraction / 2**shift
        if scale != result.scale.fraction:
            raise NetworkError(
                op.name, "shifts", f"scale {result.scale} of the sum", f"{scale} from {operand.name}"
            )
        zero += operand.type.zero_point << shift
    if zero != result.zero_point:
        raise NetworkError(op.name, "zero point", str(zero), result.zero_point)


@verify_op.register
def _(op: WeightedAdd, network: Network) -> None:
    result = network.result(op).type
    zero = 0
    for operand, factor in zip(network.operands(op), op.factors, strict=True):
        scale = operand.type.scale.fraction / factor
        if abs(scale - result.scale.fraction) > result.scale.fraction * FACTOR_ERROR:
            expected = f"near the scale {result.scale} of the sum"
            raise NetworkError(op.name, "factors", expected, f"{float(scale):g} from {operand.name}")
        zero += operand.type.zero_point * factor
    if zero != result.zero_point:
        raise NetworkError(op.name, "zero point", str(zero), result.zero_point)


@verify_op.register
def _(op: Concat, network: Network) -> None:
    """Integers of all operands mean the same; they may have fewer bits than the result."""
    result = network.result(op).type
    for operand in network.operands(op):
        if replace(operand.type, bits=result.bits) != result or operand.type.bits > result.bits:
            expected = f"{operand.type} of {operand.name}, or more bits"
            raise NetworkError(op.name, "output type", expected, result)


@verify_op.register(MaxPool2d)
@verify_op.register(Upsample2d)
@verify_op.register(Flatten)
def _(op: MaxPool2d | Upsample2d | Flatten, network: Network) -> None:
    operand, result = network.operands(op)[0].type, network.result(op).type
    if operand != result:
        raise NetworkError(op.name, "output type", str(operand), result)


@verify_op.register
def _(op: SumPool2d, network: Network) -> None:
    operand, result = network.operands(op)[0].type, network.result(op).type
    if operand.scale != result.scale:
        raise NetworkError(op.name, "output scale", str(operand.scale), result.scale)
    if result.zero_point != prod(op.kernel) * operand.zero_point:
        raise NetworkError(
            op.name, "zero point", str(prod(op.kernel) * operand.zero_point), result.zero_point
        )


@verify_op.register
def _(op: Requantise, network: Network) -> None:
    _verify_limits(op, "multiplier", op.multiplier, (1 << MULTIPLIER_BITS) - 1)
    _verify_limits(op, "shift", op.shift, SHIFT_MAX)
    lo, hi = op.bounds
    type_ = network.result(op).type
    if not (lo <= type_.zero_point <= hi and type_.contains(lo, hi)):
        raise NetworkError(op.name, "bounds", f"a range inside {type_} with its zero point", op.bounds)


def _verify_limits(op: Op, field: str, values: IntArray, most: int) -> None:
    lo, hi = int(values.min()), int(values.max())
    if lo < 0 or hi > most:
        raise NetworkError(op.name, field, f"0 to {most}", f"{lo} to {hi}")


@verify_op.register
def _(op: Threshold, network: Network) -> None:
    if np.any(np.diff(op.thresholds, axis=1) < 0):
        raise NetworkError(op.name, "thresholds", "ascending values in each channel", "a descent")
    if np.any(np.diff(op.levels) < 0):
        raise NetworkError(op.name, "levels", "ascending values", op.levels.tolist())
