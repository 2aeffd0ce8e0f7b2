"""How tensors lie in memory words, on the chip and in DRAM alike.

A map [C, H, W] is ⌈C / lanes⌉ blocks; a block is H·W words, row by row; a word is `lanes` channels
of one pixel, lowest channel in the lowest byte. Missing channels are 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from twofold.network.types import IntArray


def blocks_of(channels: int, lanes: int) -> int:
    return -(-channels // lanes)


def pack(codes: IntArray, lanes: int, dtype: npt.DTypeLike = np.uint8) -> npt.NDArray:
    """[N, C, H, W] → [N, blocks, H, W, lanes]; negative codes in two's complement of the dtype's width."""
    frames, channels, height, width = codes.shape
    blocks = blocks_of(channels, lanes)
    padded = np.zeros((frames, blocks * lanes, height, width), np.int64)
    padded[:, :channels] = codes
    words = padded.reshape(frames, blocks, lanes, height, width).transpose(0, 1, 3, 4, 2)
    return np.ascontiguousarray(words).astype(dtype)


def unpack(words: npt.NDArray, channels: int, signed: bool) -> IntArray:
    """[N, blocks, H, W, lanes] of unsigned codes → [N, C, H, W]."""
    frames, blocks, height, width, lanes = words.shape
    typed = words.view(words.dtype.str.replace("u", "i")) if signed else words
    codes = typed.astype(np.int64).transpose(0, 1, 4, 2, 3).reshape(frames, blocks * lanes, height, width)
    return np.ascontiguousarray(codes[:, :channels])
