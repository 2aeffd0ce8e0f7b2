"""Frames that networks are compared on."""

from __future__ import annotations

import numpy as np

from twofold.network.graph import Network
from twofold.network.types import IntArray


def sample_frames(network: Network, frames: int, seed: int) -> IntArray:
    """Codes of the input's type, [frames, *shape]: all least, all greatest, then random."""
    type_ = network.input.type
    return type_.lo + _sample(type_.hi - type_.lo + 1, (frames, *network.input.shape), seed)


def sample_codes(codes: IntArray, shape: tuple[int, ...], seed: int) -> IntArray:
    """Some of `codes` [K], ascending, in `shape` [frames, ...]: all least, all greatest, then random."""
    return codes[_sample(len(codes), shape, seed)]


def _sample(count: int, shape: tuple[int, ...], seed: int) -> IntArray:
    """Of 0 to count - 1."""
    chosen = np.random.default_rng(seed).integers(0, count, shape)
    for index, extreme in enumerate((0, count - 1)[: shape[0]]):
        chosen[index] = extreme
    return chosen
