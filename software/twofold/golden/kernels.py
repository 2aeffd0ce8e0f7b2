"""Each op as a function on tensors of exact integers.

Sums of products of bytes run on integers. Others run as floating-point convolutions on integers, which is
exact while no partial sum leaves the 24-bit (float32) or 53-bit (float64) significand; range analysis proves
which one holds before anything is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import reduce, singledispatch

import torch
import torch.nn.functional as F
from torch import Tensor

from twofold.golden import byte_products
from twofold.golden.precision import exact_dtype, full_precision, stored, stored_dtype
from twofold.golden.staircase import rounding, staircase
from twofold.golden.windows import dilation, is_misread, library_pads
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


@singledispatch
def kernel(op: Op, network: Network, ranges: Ranges) -> Kernel:
    """`op` with its constants made ready. ranges: of every tensor that `op` reads or writes.

    Raises NetworkError if 53 bits do not hold a value.
    """
    raise NetworkError(op.name, "op", "a known kind", op.kind)


@kernel.register
def _(op: Conv2d, network: Network, ranges: Ranges) -> Kernel:
    operand = network.operands(op)[0]
    largest = sum_bound(op, operand, ranges[op.inputs[0]])
    if byte_products.fit(op, operand.type, largest):
        return byte_products.byte_convolution(op, operand)
    dtype = torch.float64 if is_misread(op) else exact_dtype(op.name, "accumulator", largest)
    padding_value = operand.type.zero_point
    weight = torch.tensor(op.weight, dtype=dtype).contiguous(memory_format=torch.channels_last)
    bias = torch.tensor(op.bias, dtype=dtype)
    top, left, bottom, right = op.padding
    even, apart = library_pads(op, padding_value), dilation(op)
    inside = (top, left) if even else (0, 0)

    def convolve(x: Tensor) -> Tensor:
        source = x.to(dtype)
        if not even:
            source = F.pad(source, (left, right, top, bottom), value=padding_value)
        with full_precision():
            return F.conv2d(source, weight, bias, op.stride, inside, apart, op.groups)

    return convolve


@kernel.register
def _(op: Linear, network: Network, ranges: Ranges) -> Kernel:
    operand = network.operands(op)[0]
    largest = sum_bound(op, operand, ranges[op.inputs[0]])
    if byte_products.fit(op, operand.type, largest):
        return byte_products.byte_product(op, operand.type)
    dtype = exact_dtype(op.name, "accumulator", largest)
    weight, bias = (torch.tensor(constant, dtype=dtype) for constant in (op.weight, op.bias))

    def multiply(x: Tensor) -> Tensor:
        with full_precision():
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
    dtype = stored_dtype(network.result(op), ranges[op.output])
    return lambda *operands: torch.cat([stored(operand, dtype) for operand in operands], dim=1)


@kernel.register
def _(op: MaxPool2d, network: Network, ranges: Ranges) -> Kernel:
    top, left, bottom, right = op.padding

    def pool(x: Tensor) -> Tensor:
        if any(op.padding):
            least = -math.inf if x.is_floating_point() else torch.iinfo(x.dtype).min
            x = F.pad(x, (left, right, top, bottom), value=least)
        for dim, size, stride in zip((2, 3), op.kernel, op.stride, strict=True):
            x = _largest(x, dim, size, stride)
        return x

    return pool


def _largest(x: Tensor, dim: int, size: int, stride: int) -> Tensor:
    """The largest of each `size` neighbours along `dim`."""
    count = (x.shape[dim] - size) // stride + 1
    every = [slice(None)] * dim
    shifted = (x[*every, slice(start, start + stride * (count - 1) + 1, stride)] for start in range(size))
    return reduce(torch.maximum, shifted)


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
    range_, ndim = ranges[op.inputs[0]], 1 + len(operand.shape)
    return rounding(op, result.type.zero_point, range_, ndim, stored_dtype(result, ranges[op.output]))


@kernel.register
def _(op: Threshold, network: Network, ranges: Ranges) -> Kernel:
    return staircase(
        op, ranges[op.inputs[0]], network.operands(op)[0], stored_dtype(network.result(op), ranges[op.output])
    )
