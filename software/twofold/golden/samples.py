"""Frames that networks are compared on."""

from __future__ import annotations

import numpy as np

from twofold.network.graph import Network
from twofold.network.types import IntArray


def sample_frames(network: Network, frames: int, seed: int) -> IntArray:
    """Codes of the input's type, [frames, *shape]: all least, all greatest, then random."""
    type_ = network.input.type
    return sample_codes(np.arange(type_.lo, type_.hi + 1), (frames, *network.input.shape), seed)


def sample_codes(codes: IntArray, shape: tuple[int, ...], seed: int) -> IntArray:
    """Some of `codes` [K], ascending, in `shape` [frames, ...]: all least, all greatest, then random."""
    chosen = np.random.default_rng(seed).integers(0, len(codes), shape)
    for index, extreme in enumerate((0, len(codes) - 1)[: shape[0]]):
        chosen[index] = extreme
    return codes[chosen]
