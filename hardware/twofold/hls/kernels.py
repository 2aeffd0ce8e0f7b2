"""Convolutions that the HLS library lacks, as plain ones with zero weights."""

from __future__ import annotations

import numpy as np

from twofold.network.ops import Conv2d
from twofold.network.types import IntArray


def plain_kernel(op: Conv2d) -> IntArray:
    """Weights [O, C, K_h', K_w'] of the equal convolution of one group and dilation 1.

    Groups become blocks on the diagonal, dilation becomes zero taps; synthesis drops both, since
    a product with the constant zero costs nothing.
    """
    outputs, per_group, k_h, k_w = op.weight.shape
    (d_h, d_w), channels = op.dilation, per_group * op.groups
    result = np.zeros((outputs, channels, d_h * (k_h - 1) + 1, d_w * (k_w - 1) + 1), np.int64)
    for output, weight in enumerate(op.weight):
        first = output // (outputs // op.groups) * per_group
        result[output, first : first + per_group, ::d_h, ::d_w] = weight
    return result
