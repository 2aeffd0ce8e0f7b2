"""Shape of each op's result."""

from __future__ import annotations

from functools import singledispatch
from math import prod

from twofold.network.errors import NetworkError
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
from twofold.network.rounding import MULTIPLIER_BITS, SHIFT_MAX

Shape = tuple[int, ...]
MAX_ELEMENTS = 1 << 24


@singledispatch
def result_shape(op: Op, *operands: Shape) -> Shape:
    """Shape of the result from the operands' shapes; raises NetworkError where they do not fit the op."""
    raise NetworkError(op.name, "op", "a known kind", op.kind)


def windows(size: int, kernel: int, stride: int, before: int, after: int, dilation: int = 1) -> int:
    """How many windows fit along one axis."""
    return (size + before + after - dilation * (kernel - 1) - 1) // stride + 1


def _map(op: Op, shape: Shape) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise NetworkError(op.name, "input", "a feature map [C, H, W]", list(shape))
    return shape[0], shape[1], shape[2]


def _check_window(op: MaxPool2d | SumPool2d) -> None:
    if min(*op.kernel, *op.stride) < 1:
        raise NetworkError(op.name, "geometry", "kernel, stride ≥ 1", (op.kernel, op.stride))


def _positive(op: Op, shape: Shape) -> Shape:
    if min(shape) < 1:
        raise NetworkError(op.name, "output", "at least one window along each axis", list(shape))
    return shape


@result_shape.register
def _(op: Conv2d, *operands: Shape) -> Shape:
    channels, height, width = _map(op, operands[0])
    if op.weight.ndim != 4:
        raise NetworkError(op.name, "weight", "shape [O, C, K_h, K_w]", list(op.weight.shape))
    out, per_group, k_h, k_w = op.weight.shape
    if op.groups < 1 or per_group * op.groups != channels or out % op.groups:
        raise NetworkError(
            op.name, "weight", f"{channels} input channels in {op.groups} groups", [out, per_group]
        )
    if op.bias.shape != (out,):
        raise NetworkError(op.name, "bias", f"shape [{out}]", list(op.bias.shape))
    if min(*op.stride, *op.dilation) < 1 or min(op.padding) < 0:
        raise NetworkError(
            op.name, "geometry", "stride, dilation ≥ 1, padding ≥ 0", (op.stride, op.dilation, op.padding)
        )
    top, left, bottom, right = op.padding
    return _positive(
        op,
        (
            out,
            windows(height, k_h, op.stride[0], top, bottom, op.dilation[0]),
            windows(width, k_w, op.stride[1], left, right, op.dilation[1]),
        ),
    )


@result_shape.register
def _(op: Linear, *operands: Shape) -> Shape:
    if op.weight.ndim != 2 or operands[0] != (op.weight.shape[1],):
        raise NetworkError(
            op.name, "weight", f"shape [O, C] with C of {list(operands[0])}", list(op.weight.shape)
        )
    if op.bias.shape != (op.weight.shape[0],):
        raise NetworkError(op.name, "bias", f"shape [{op.weight.shape[0]}]", list(op.bias.shape))
    return (op.weight.shape[0],)


@result_shape.register
def _(op: WeightedAdd, *operands: Shape) -> Shape:
    _check_equal(op, *operands)
    if not 1 <= min(op.factors) <= max(op.factors) < 1 << MULTIPLIER_BITS:
        raise NetworkError(op.name, "factors", f"1 to {(1 << MULTIPLIER_BITS) - 1}", op.factors)
    return operands[0]


def _check_equal(op: Op, first: Shape, second: Shape) -> None:
    if first != second:
        raise NetworkError(op.name, "inputs", "two operands of equal shape", [list(first), list(second)])


@result_shape.register
def _(op: Add, *operands: Shape) -> Shape:
    _check_equal(op, *operands)
    if not 0 <= min(op.shifts) <= max(op.shifts) <= SHIFT_MAX:
        raise NetworkError(op.name, "shifts", f"0 to {SHIFT_MAX}", op.shifts)
    return operands[0]


@result_shape.register
def _(op: Concat, *operands: Shape) -> Shape:
    if len({shape[1:] for shape in operands}) > 1:
        raise NetworkError(
            op.name, "inputs", "operands of equal height and width", [list(shape) for shape in operands]
        )
    return sum(shape[0] for shape in operands), *operands[0][1:]


@result_shape.register
def _(op: MaxPool2d, *operands: Shape) -> Shape:
    channels, height, width = _map(op, operands[0])
    _check_window(op)
    top, left, bottom, right = op.padding
    if min(op.padding) < 0 or max(top, bottom) >= op.kernel[0] or max(left, right) >= op.kernel[1]:
        raise NetworkError(op.name, "padding", f"0 to less than the kernel {op.kernel}", op.padding)
    return _positive(
        op,
        (
            channels,
            windows(height, op.kernel[0], op.stride[0], top, bottom),
            windows(width, op.kernel[1], op.stride[1], left, right),
        ),
    )


@result_shape.register
def _(op: SumPool2d, *operands: Shape) -> Shape:
    channels, height, width = _map(op, operands[0])
    _check_window(op)
    return _positive(
        op,
        (
            channels,
            windows(height, op.kernel[0], op.stride[0], 0, 0),
            windows(width, op.kernel[1], op.stride[1], 0, 0),
        ),
    )


@result_shape.register
def _(op: Upsample2d, *operands: Shape) -> Shape:
    channels, height, width = _map(op, operands[0])
    return channels, 2 * height, 2 * width


@result_shape.register
def _(op: Flatten, *operands: Shape) -> Shape:
    return (prod(operands[0]),)


@result_shape.register
def _(op: Requantise, *operands: Shape) -> Shape:
    channels = operands[0][0]
    for field, values in (("multiplier", op.multiplier), ("shift", op.shift)):
        if values.shape != (channels,):
            raise NetworkError(op.name, field, f"shape [{channels}]", list(values.shape))
    return operands[0]


@result_shape.register
def _(op: Threshold, *operands: Shape) -> Shape:
    channels = operands[0][0]
    if op.thresholds.ndim != 2 or op.thresholds.shape[0] != channels:
        raise NetworkError(op.name, "thresholds", f"shape [{channels}, T]", list(op.thresholds.shape))
    if op.levels.shape != (op.thresholds.shape[1] + 1,):
        raise NetworkError(
            op.name, "levels", f"one more than the {op.thresholds.shape[1]} thresholds", list(op.levels.shape)
        )
    return operands[0]
