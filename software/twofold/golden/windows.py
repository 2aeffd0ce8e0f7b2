"""What a convolution's windows may ask of the library, whose kernels crash on some that are legal."""

from __future__ import annotations

from twofold.network.ops import Conv2d


def library_pads(op: Conv2d, zero_point: int) -> bool:
    """True if the library can pad: with zeros, the same on both sides, no window in the padding alone."""
    top, left, bottom, right = op.padding
    rows, columns = op.weight.shape[2:]
    return zero_point == 0 and (top, left) == (bottom, right) and top < rows and left < columns


def dilation(op: Conv2d) -> list[int]:
    """Of `op`, 1 where a single tap has nothing to be apart from."""
    return [step if taps > 1 else 1 for step, taps in zip(op.dilation, op.weight.shape[2:], strict=True)]
