"""Each op as a function on tensors of exact integers.

Sums of products run as floating-point convolutions on integers, which is exact while no partial sum leaves
the 24-bit (float32) or 53-bit (float64) significand; range analysis proves which one holds before anything is
computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import singledispatch

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from twofold.golden.precision import FULL, NARROW, NARROW_MAX, exact_dtype, products_in
from twofold.golden.staircase import rounding, staircase
from twofold.network.errors import NetworkError
from twofold.network.graph import Network
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
from twofold.network.ranges import ChannelRange, sum_bound

#: Operands [N, C, ...] → result [N, C, ...]; operands are left as they are.
Kernel = Callable[..., Tensor]
Ranges = Mapping[str, ChannelRange]
#: Input channels from which on bfloat16 pays for its conversion.
_PAYS_FROM = 16


@singledispatch
def kernel(op: Op, network: Network, ranges: Ranges) -> Kernel:
    """`op` with its constants made ready. ranges: of every tensor that `op` reads or writes.

    Raises NetworkError if 53 bits do not hold a value.
    """
    raise NetworkError(op.name, "op", "a known kind", op.kind)


def _products_dtype(op: Conv2d | Linear, network: Network, ranges: Ranges) -> torch.dtype:
    bound = sum_bound(op, network.operands(op)[0], ranges[op.inputs[0]])
    return exact_dtype(op.name, "accumulator", bound)


@kernel.register
def _(op: Conv2d, network: Network, ranges: Ranges) -> Kernel:
    dtype, padding_value = _products_dtype(op, network, ranges), network.operands(op)[0].type.zero_point
    weight = torch.tensor(op.weight, dtype=dtype).contiguous(memory_format=torch.channels_last)
    bias = torch.tensor(op.bias, dtype=dtype)
    precision = _precision(op, ranges[op.inputs[0]].including(padding_value))
    top, left, bottom, right = op.padding
    even = padding_value == 0 and (top, left) == (bottom, right)
    inside = (top, left) if even else (0, 0)

    def convolve(x: Tensor) -> Tensor:
        source = x.to(dtype)
        if not even:
            source = F.pad(source, (left, right, top, bottom), value=padding_value)
        with products_in(precision):
            return F.conv2d(source, weight, bias, op.stride, inside, op.dilation, op.groups)

    return convolve


def _precision(op: Conv2d, range_: ChannelRange) -> str:
    """NARROW, which is faster on processors that multiply bfloat16, if it holds all operands."""
    operands = max(range_.magnitude.max(), np.abs(op.weight).max())
    pays = op.groups == 1 and op.weight.shape[1] >= _PAYS_FROM
    return NARROW if pays and operands <= NARROW_MAX else FULL


@kernel.register
def _(op: Linear, network: Network, ranges: Ranges) -> Kernel:
    dtype = _products_dtype(op, network, ranges)
    weight, bias = (torch.tensor(constant, dtype=dtype) for constant in (op.weight, op.bias))

    def multiply(x: Tensor) -> Tensor:
        with products_in(FULL):
            return F.linear(x.to(dtype), weight, bias)

    return multiply


@kernel.register
def _(op: Add, network: Network, ranges: Ranges) -> Kernel:
    factors = [2.0**shift for shift in op.shifts]
    a, b = (ranges[name].magnitude * factor for name, factor in zip(op.inputs, factors, strict=True))
    dtype = exact_dtype(op.name, "sum", float((a + b).max()))
    first, second = (0, 1) if factors[0] <= factors[1] else (1, 0)

    def add(*operands: Tensor) -> Tensor:
        small, large = operands[first].to(dtype), operands[second].to(dtype)
        aligned = small if factors[first] == 1 else small * factors[first]
        return torch.add(aligned, large, alpha=factors[second])

    return add


@kernel.register
def _(op: WeightedAdd, network: Network, ranges: Ranges) -> Kernel:
    a, b = (ranges[name].magnitude * factor for name, factor in zip(op.inputs, op.factors, strict=True))
    dtype = exact_dtype(op.name, "sum", float((a + b).max()))
    first, second = op.factors
    return lambda x, y: torch.add(x.to(dtype) * first, y.to(dtype), alpha=second)


@kernel.register
def _(op: Concat, network: Network, ranges: Ranges) -> Kernel:
    return lambda *operands: torch.cat(operands, dim=1)


@kernel.register
def _(op: MaxPool2d, network: Network, ranges: Ranges) -> Kernel:
    top, left, bottom, right = op.padding
    if not any(op.padding):
        return lambda x: F.max_pool2d(x, op.kernel, op.stride)
    around = (left, right, top, bottom)
    return lambda x: F.max_pool2d(F.pad(x, around, value=-math.inf), op.kernel, op.stride)


@kernel.register
def _(op: SumPool2d, network: Network, ranges: Ranges) -> Kernel:
    dtype = exact_dtype(op.name, "sum", float(ranges[op.output].magnitude.max()))
    return lambda x: F.avg_pool2d(x.to(dtype), op.kernel, op.stride, divisor_override=1)


@kernel.register
def _(op: Upsample2d, network: Network, ranges: Ranges) -> Kernel:
    return lambda x: x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)


@kernel.register
def _(op: Flatten, network: Network, ranges: Ranges) -> Kernel:
    return lambda x: x.flatten(1)


@kernel.register
def _(op: Requantise, network: Network, ranges: Ranges) -> Kernel:
    operand, result = network.operands(op)[0], network.result(op)
    return rounding(op, result.type.zero_point, ranges[op.inputs[0]], 1 + len(operand.shape))


@kernel.register
def _(op: Threshold, network: Network, ranges: Ranges) -> Kernel:
    return staircase(op, ranges[op.inputs[0]], 1 + len(network.operands(op)[0].shape))
