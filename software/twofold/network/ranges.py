"""Range analysis: which integers each tensor can hold, from the weights and the input's type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch
from math import prod
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from twofold.network.errors import NetworkError
from twofold.network.graph import Network, Tensor
from twofold.network.ops import (
    Add,
    Concat,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    Op,
    Requantise,
    SumPool2d,
    Threshold,
    Upsample2d,
    WeightedAdd,
)
from twofold.network.rounding import requantise
from twofold.network.types import IntArray, IntType

EXACT_BITS = 53
PRODUCT_BITS = 62
_Number = TypeVar("_Number", np.int64, np.float64)


@dataclass(frozen=True, eq=False)
class ChannelRange:
    """Smallest and largest value of each channel. lo, hi: [C]."""

    lo: IntArray
    hi: IntArray

    @classmethod
    def of_type(cls, type_: IntType, channels: int) -> ChannelRange:
        return cls(np.full(channels, type_.lo, np.int64), np.full(channels, type_.hi, np.int64))

    @property
    def bounds(self) -> tuple[int, int]:
        return int(self.lo.min()), int(self.hi.max())

    @property
    def magnitude(self) -> npt.NDArray[np.float64]:
        """Largest absolute value of each channel, [C]; floating-point, so that no value overflows."""
        return np.maximum(np.abs(self.lo.astype(np.float64)), np.abs(self.hi.astype(np.float64)))

    def including(self, value: int) -> ChannelRange:
        return ChannelRange(np.minimum(self.lo, value), np.maximum(self.hi, value))


def value_ranges(network: Network) -> Mapping[str, ChannelRange]:
    """The range of every tensor, by name; no input of the input's type leads out of it."""
    ranges = {network.input_name: ChannelRange.of_type(network.input.type, network.input.channels)}
    for op in network.ops:
        ranges[op.output] = result_range(op, network, *(ranges[name] for name in op.inputs))
    return ranges


def sum_bound(op: Conv2d | Linear, operand: Tensor, range_: ChannelRange) -> int:
    """No partial sum of `op`, in any order, with the bias or without, exceeds this magnitude."""
    greatest, least = partial_sums(op, _padded(op, operand, range_).including(0))
    return int(max(greatest.max(), -least.min()))


def partial_sums(op: Conv2d | Linear, range_: ChannelRange) -> tuple[IntArray, IntArray]:
    """(greatest, least) that a partial sum in any order, with the bias or without, can be, each [O].

    The greatest of them adds every product that can be positive, the least every one that can be negative.
    range_: of what the weights multiply, padding and 0 included. Values beyond 2^62 are cut to it.
    """
    lo, hi = range_.lo.astype(np.float64), range_.hi.astype(np.float64)
    weight, bias = op.weight.astype(np.float64), op.bias.astype(np.float64)
    positive, negative = np.maximum(weight, 0), np.minimum(weight, 0)
    greatest = _weight_rows(op, positive, hi) + _weight_rows(op, negative, lo) + np.maximum(bias, 0)
    least = _weight_rows(op, positive, lo) + _weight_rows(op, negative, hi) + np.minimum(bias, 0)
    limit = 2.0**PRODUCT_BITS
    return np.minimum(greatest, limit).astype(np.int64), np.maximum(least, -limit).astype(np.int64)


def _require_exact(op: Op, field: str, magnitude: float, bits: int = EXACT_BITS) -> None:
    """magnitude: computed in float64, which may have rounded it down to the limit, but not past it."""
    if magnitude >= 2.0**bits:
        raise NetworkError(op.name, field, f"values below 2^{bits}", f"up to {magnitude:.0f}")


@singledispatch
def result_range(op: Op, network: Network, *operands: ChannelRange) -> ChannelRange:
    """Range of the result from the operands' ranges."""
    raise NetworkError(op.name, "op", "a known kind", op.kind)


def _padded(op: Conv2d | Linear, operand: Tensor, range_: ChannelRange) -> ChannelRange:
    if isinstance(op, Conv2d) and any(op.padding):
        return range_.including(operand.type.zero_point)
    return range_


def _weight_rows(
    op: Conv2d | Linear, weight: npt.NDArray[_Number], values: npt.NDArray[_Number]
) -> npt.NDArray[_Number]:
    """Σ weight · value over each output's inputs, [O]; values: one for each input channel, [C]."""
    if isinstance(op, Linear):
        return weight @ values
    outputs, per_group = weight.shape[:2]
    group = np.arange(outputs) // (outputs // op.groups)
    inputs = values.reshape(op.groups, per_group)[group]
    return np.einsum("ocyx,oc->o", weight, inputs)


@result_range.register(Conv2d)
@result_range.register(Linear)
def _(op: Conv2d | Linear, network: Network, *operands: ChannelRange) -> ChannelRange:
    operand = network.operands(op)[0]
    _require_exact(op, "accumulator", sum_bound(op, operand, operands[0]))
    range_ = _padded(op, operand, operands[0])
    positive, negative = np.maximum(op.weight, 0), np.minimum(op.weight, 0)
    return ChannelRange(
        _weight_rows(op, positive, range_.lo) + _weight_rows(op, negative, range_.hi) + op.bias,
        _weight_rows(op, positive, range_.hi) + _weight_rows(op, negative, range_.lo) + op.bias,
    )


@result_range.register
def _(op: Add, network: Network, *operands: ChannelRange) -> ChannelRange:
    (a, b), (shift_a, shift_b) = operands, op.shifts
    _require_exact(op, "sum", float((a.magnitude * 2.0**shift_a + b.magnitude * 2.0**shift_b).max()))
    return ChannelRange((a.lo << shift_a) + (b.lo << shift_b), (a.hi << shift_a) + (b.hi << shift_b))


@result_range.register
def _(op: WeightedAdd, network: Network, *operands: ChannelRange) -> ChannelRange:
    (a, b), (first, second) = operands, op.factors
    _require_exact(op, "sum", float((a.magnitude * first + b.magnitude * second).max()))
    return ChannelRange(a.lo * first + b.lo * second, a.hi * first + b.hi * second)


@result_range.register
def _(op: Concat, network: Network, *operands: ChannelRange) -> ChannelRange:
    return ChannelRange(
        np.concatenate([range_.lo for range_ in operands]), np.concatenate([range_.hi for range_ in operands])
    )


@result_range.register(MaxPool2d)
@result_range.register(Upsample2d)
def _(op: MaxPool2d | Upsample2d, network: Network, *operands: ChannelRange) -> ChannelRange:
    return operands[0]


@result_range.register
def _(op: SumPool2d, network: Network, *operands: ChannelRange) -> ChannelRange:
    _require_exact(op, "sum", float(operands[0].magnitude.max()) * prod(op.kernel))
    return ChannelRange(operands[0].lo * prod(op.kernel), operands[0].hi * prod(op.kernel))


@result_range.register
def _(op: Flatten, network: Network, *operands: ChannelRange) -> ChannelRange:
    pixels = prod(network.operands(op)[0].shape[1:])
    return ChannelRange(np.repeat(operands[0].lo, pixels), np.repeat(operands[0].hi, pixels))


@result_range.register
def _(op: Requantise, network: Network, *operands: ChannelRange) -> ChannelRange:
    zero_point = network.result(op).type.zero_point
    _require_exact(op, "product", float((operands[0].magnitude * op.multiplier).max()), PRODUCT_BITS)
    return ChannelRange(
        *(
            requantise(x, op.multiplier, op.shift, zero_point, op.bounds)
            for x in (operands[0].lo, operands[0].hi)
        )
    )


@result_range.register
def _(op: Threshold, network: Network, *operands: ChannelRange) -> ChannelRange:
    lo, hi = (op.levels[(x[:, None] >= op.thresholds).sum(axis=1)] for x in (operands[0].lo, operands[0].hi))
    return ChannelRange(lo, hi)
