"""What a convolution's windows may ask of oneDNN, whose kernels misread some that are legal, or crash."""

from __future__ import annotations

from twofold.network.ops import Conv2d


def is_misread(op: Conv2d) -> bool:
    """True for one input channel a group and uneven strides: of float32 and bytes oneDNN then reads beyond
    narrow maps. It leaves float64 to others."""
    return op.weight.shape[1] == 1 and op.stride[0] != op.stride[1]


def library_pads(op: Conv2d, zero_point: int) -> bool:
    """True if the library can pad: with zeros, the same on both sides, no window in the padding alone."""
    top, left, bottom, right = op.padding
    rows, columns = op.weight.shape[2:]
    return zero_point == 0 and (top, left) == (bottom, right) and top < rows and left < columns


def dilation(op: Conv2d) -> list[int]:
    """Of `op`, 1 where a single tap has nothing to be apart from."""
    return [step if taps > 1 else 1 for step, taps in zip(op.dilation, op.weight.shape[2:], strict=True)]
