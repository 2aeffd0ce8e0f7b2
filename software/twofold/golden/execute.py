"""The golden model: executes a `Network` on integers, every layer's output available.

Convolutions run as floating-point convolutions on integers, which is exact while no partial sum
leaves the 24-bit (float32) or 53-bit (float64) significand; range analysis proves which one holds
before anything is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch

import numpy as np
import torch
import torch.nn.functional as F

from twofold.errors import UserError
from twofold.network.errors import NetworkError
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Add, Conv2d, Flatten, Linear, MaxPool2d, Op, Requantise, SumPool2d, Threshold
from twofold.network.ranges import sum_bound, value_ranges
from twofold.network.rounding import requantise
from twofold.network.types import IntArray

_SIGNIFICANDS = ((24, torch.float32), (53, torch.float64))


def execute(network: Network, frames: IntArray) -> Mapping[str, IntArray]:
    """Every tensor of the network for a batch of frames.

    frames: [N, *input shape], codes of the input's type. Returns tensor name → int64 [N, *shape].
    Raises UserError if shape or codes do not fit the input.
    """
    check_frames(network, frames)
    precisions = _precisions(network)
    values: dict[str, IntArray] = {network.input_name: np.asarray(frames, np.int64)}
    for op in network.ops:
        operands = [values[name] for name in op.inputs]
        if isinstance(op, Conv2d | Linear):
            values[op.output] = _products(op, network.operands(op)[0], operands[0], precisions[op.name])
        else:
            values[op.output] = _evaluate(op, network, *operands)
    return values


def check_frames(network: Network, frames: IntArray) -> None:
    """Raises UserError unless `frames` is [N, *input shape] of codes that the input's type holds."""
    expected = network.input
    if frames.ndim != len(expected.shape) + 1 or frames.shape[1:] != expected.shape:
        raise UserError(
            f"frames: expected shape [N, {', '.join(map(str, expected.shape))}], got {list(frames.shape)}"
        )
    if frames.size and not expected.type.contains(int(frames.min()), int(frames.max())):
        raise UserError(f"frames: expected codes of {expected.type}, got {frames.min()} to {frames.max()}")


def _precisions(network: Network) -> Mapping[str, torch.dtype]:
    """The floating-point type in which each sum of products is proven exact."""
    ranges = value_ranges(network)
    result = {}
    for op in network.ops:
        if isinstance(op, Conv2d | Linear):
            bound = sum_bound(op, network.operands(op)[0], ranges[op.inputs[0]])
            exact = [dtype for bits, dtype in _SIGNIFICANDS if bound <= 1 << bits]
            if not exact:
                raise NetworkError(op.name, "accumulator", "sums below 2^53", bound)
            result[op.name] = exact[0]
    return result


def _products(op: Conv2d | Linear, operand: Tensor, x: IntArray, dtype: torch.dtype) -> IntArray:
    weight, bias = (torch.tensor(constant, dtype=dtype) for constant in (op.weight, op.bias))
    source = torch.as_tensor(x).to(dtype)
    with torch.no_grad():
        if isinstance(op, Linear):
            y = F.linear(source, weight, bias)
        else:
            top, left, bottom, right = op.padding
            padded = F.pad(source, (left, right, top, bottom), value=operand.type.zero_point)
            y = F.conv2d(padded, weight, bias, op.stride, 0, op.dilation, op.groups)
    return y.to(torch.int64).numpy()


def _per_channel(values: IntArray, x: IntArray) -> IntArray:
    """[C] → a shape that broadcasts against [N, C, ...]."""
    return values.reshape(1, -1, *([1] * (x.ndim - 2)))


@singledispatch
def _evaluate(op: Op, network: Network, *operands: IntArray) -> IntArray:
    raise NetworkError(op.name, "op", "a known kind", op.kind)


@_evaluate.register
def _(op: Add, network: Network, *operands: IntArray) -> IntArray:
    return (operands[0] << op.shifts[0]) + (operands[1] << op.shifts[1])


def _windows(x: IntArray, kernel: tuple[int, int], stride: tuple[int, int]) -> IntArray:
    """[N, C, H, W] → a view [N, C, H', W', K_h, K_w]."""
    view = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))
    return view[:, :, :: stride[0], :: stride[1]]


@_evaluate.register
def _(op: MaxPool2d, network: Network, *operands: IntArray) -> IntArray:
    top, left, bottom, right = op.padding
    lowest = network.operands(op)[0].type.lo
    padded = np.pad(operands[0], ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=lowest)
    return _windows(padded, op.kernel, op.stride).max(axis=(4, 5))


@_evaluate.register
def _(op: SumPool2d, network: Network, *operands: IntArray) -> IntArray:
    return _windows(operands[0], op.kernel, op.stride).sum(axis=(4, 5))


@_evaluate.register
def _(op: Flatten, network: Network, *operands: IntArray) -> IntArray:
    return operands[0].reshape(len(operands[0]), -1)


@_evaluate.register
def _(op: Requantise, network: Network, *operands: IntArray) -> IntArray:
    x = operands[0]
    zero_point = network.result(op).type.zero_point
    return requantise(x, _per_channel(op.multiplier, x), _per_channel(op.shift, x), zero_point, op.bounds)


@_evaluate.register
def _(op: Threshold, network: Network, *operands: IntArray) -> IntArray:
    x = operands[0]
    counts = np.empty(x.shape, np.int64)
    for channel, thresholds in enumerate(op.thresholds):
        counts[:, channel] = np.searchsorted(thresholds, x[:, channel], side="right")
    return op.levels[counts]
