"""Sums of products of bytes in 32-bit integers, by oneDNN's kernels for quantised networks.

They are three to five times as fast as float32 on processors with instructions for them. On others oneDNN may
add pairs of products in 16 bits, which saturates; `are_exact` finds out before anything is computed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from twofold.golden.precision import BYTE_BITS, SIGNIFICANDS, is_byte
from twofold.golden.windows import dilation, is_misread, library_pads
from twofold.network import graph
from twofold.network.ops import Conv2d, Linear
from twofold.network.types import IntArray, IntType

#: Between signed and unsigned bytes: x + 128 and x − 128 both flip the highest bit.
_OFFSET = 128
#: Products of bytes whose sum 32 bits hold whatever their values.
_MOST_PRODUCTS = 1 << 15


def fit(op: Conv2d | Linear, operand: IntType, largest_sum: int) -> bool:
    """True if bytes hold both operands of `op`, float32 its sums, and the processor adds bytes exactly."""
    return (
        is_byte(operand)
        and not (isinstance(op, Conv2d) and is_misread(op))
        and op.weight.min() >= -_OFFSET
        and op.weight.max() < _OFFSET
        and op.weight[0].size <= _MOST_PRODUCTS
        and largest_sum <= 1 << SIGNIFICANDS[0][0]
        and are_exact()
    )


def byte_convolution(op: Conv2d, operand: graph.Tensor) -> Callable[[Tensor], Tensor]:
    """Codes of `operand`, [N, C, H, W] → float32 [N, O, H', W'].

    Weights are laid out for the kernel that suits the size of the map; one for any size is up to 45 times
    slower.
    """
    type_, (channels, height, width) = operand.type, operand.shape
    offset = _OFFSET if type_.signed else 0
    top, left, bottom, right = op.padding
    even = library_pads(op, type_.zero_point)
    size = [height, width] if even else [top + height + bottom, left + width + right]
    stride, inside, apart = list(op.stride), [top, left] if even else [0, 0], dilation(op)
    scale, zero = torch.ones(len(op.weight)), torch.zeros(len(op.weight), dtype=torch.int64)
    bias = torch.tensor(op.bias, dtype=torch.float32)
    library = torch.ops.onednn
    weight = library.qconv_prepack(
        torch.tensor(op.weight, dtype=torch.int8), scale, 1.0, offset, stride, inside, apart, op.groups,
        [1, channels, *size],
    )  # fmt: skip

    def convolve(x: Tensor) -> Tensor:
        source = _flipped(x.to(torch.int8)).view(torch.uint8) if offset else x.to(torch.uint8)
        if not even:
            source = F.pad(source, (left, right, top, bottom), value=type_.zero_point + offset)
        return library.qconv2d_pointwise(
            source, 1.0, offset, weight, scale, zero, bias, stride, inside, apart, op.groups,
            1.0, 0, torch.float32, "none", [], "",
        )  # fmt: skip

    return convolve


def byte_product(op: Linear, operand: IntType) -> Callable[[Tensor], Tensor]:
    """Codes of `operand`, [N, I] → int32 [N, O]."""
    weight = _in_rows(torch.tensor(op.weight.T, dtype=torch.int8))
    flips = not operand.signed and operand.bits == BYTE_BITS
    lifted = op.bias + _OFFSET * op.weight.sum(axis=1) if flips else op.bias
    bias = torch.tensor(lifted, dtype=torch.int32) if lifted.any() else None
    byte = torch.int8 if operand.signed else torch.uint8

    def multiply(x: Tensor) -> Tensor:
        codes = _in_rows(x if x.dtype == byte else x.to(byte))
        codes = _flipped(codes) if flips else codes
        sums = torch._int_mm(codes if codes.dtype == torch.int8 else codes.view(torch.int8), weight)
        return sums if bias is None else sums.add_(bias)

    return multiply


def _in_rows(matrix: Tensor) -> Tensor:
    """One row after the other with strides that say so; `_int_mm` mistakes others if a dimension is 1."""
    return matrix.reshape(-1).view(matrix.shape) if 1 in matrix.shape else matrix.contiguous()


def _flipped(x: Tensor) -> Tensor:
    """Bytes with the highest bit flipped."""
    return x.view(torch.uint8).bitwise_xor(_OFFSET)


@cache
def are_exact() -> bool:
    """True if PyTorch has these kernels here and they saturate nowhere at the operands' ends."""
    try:
        return all(_is_exact(IntType(signed, BYTE_BITS)) for signed in (False, True))
    except (AttributeError, RuntimeError):
        return False


def _is_exact(operand: IntType) -> bool:
    weight, x = (_ends(lo, hi) for lo, hi in ((-_OFFSET, _OFFSET - 1), (operand.lo, operand.hi)))
    sums, bias = torch.tensor(x @ weight.T, dtype=torch.int32), np.zeros(len(weight), np.int64)
    product = byte_product(Linear("ends", ("x",), "y", weight, bias), operand)
    pixel = graph.Tensor("x", (weight.shape[1], 1, 1), operand)
    convolution = byte_convolution(Conv2d("ends", ("x",), "y", weight[:, :, None, None], bias), pixel)
    codes = torch.from_numpy(x)
    found = convolution(codes[:, :, None, None]).flatten(1)
    return torch.equal(product(codes), sums) and torch.equal(found.int(), sums)


def _ends(lo: int, hi: int) -> IntArray:
    """Rows of one end, of the other, of both in turn."""
    return np.tile(np.array([[lo, lo], [hi, hi], [lo, hi]]), 32)
