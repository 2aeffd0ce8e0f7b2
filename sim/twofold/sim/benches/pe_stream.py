"""Streams of vectors and weight tiles for PE arrays, and what their sums must be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twofold.network.types import IntArray
from twofold.rtl.mac.interface import PeKind

Tiles = tuple[list[IntArray], list[IntArray]]
"""Weights [tout, tin] of each tile, and the vectors [P, tin] that meet them."""


@dataclass(frozen=True)
class Stream:
    """Columns of the inputs of a `PeArray`, and its sums for the vectors from cycle `first` on."""

    inputs: dict[str, IntArray | list[int]]
    first: int
    expected: IntArray


def random_tiles(kind: PeKind, rng: np.random.Generator, *, count: int = 40) -> Tiles:
    """Tiles and sweeps of 1 to 8 vectors that a kind accepts, every fourth with extreme values alone."""
    weights, (low, high) = accepted_weights(kind), kind.activation_range
    tiles, sweeps = [], []
    for index in range(count):
        choices = weights if index % 4 else weights[[0, -1]]
        tiles.append(rng.choice(choices, (kind.tout, kind.tin)) * (np.arange(kind.tin) < kind.rows))
        sweeps.append(rng.integers(low, high + 1, (int(rng.integers(1, 9)), kind.tin)))
    return tiles, sweeps


def extreme_tiles(kind: PeKind) -> Tiles:
    """The greatest sums of either sign, with equal and with opposite neighbours."""
    weights, activations = accepted_weights(kind)[[0, -1]], kind.activation_range
    tiles, sweeps = [], []
    for even in weights:
        for odd in weights:
            tile = np.full((kind.tout, kind.tin), even)
            tile[1::2] = odd
            tile[:, kind.rows :] = 0
            tiles.append(tile)
            sweeps.append(np.repeat(np.array([activations]).T, kind.tin, axis=1))
    return tiles, sweeps


def accepted_weights(kind: PeKind) -> IntArray:
    """All weights that the kind can hold, ascending."""
    candidates = np.arange(-128, 128)
    return candidates[[kind.accepts(np.array([[candidate]])) for candidate in candidates]]


def make_stream(kind: PeKind, tiles: list[IntArray], sweeps: list[IntArray]) -> Stream:
    """Tile k meets the vectors of sweep k, and each tile is loaded while the one before is used.

    A tile's first word comes in the cycle after the swap before it, and its own swap as soon as its
    words are in and settled and the sweep is over, without a cycle in between.
    """
    load = kind.load_words + kind.settle
    swaps, blocks, expected = [], [np.zeros((load, kind.tin), np.int64)], []
    time = load
    for tile, sweep in zip(tiles, sweeps, strict=True):
        # Vectors that come before the next tile is loaded go on meeting this one.
        filler = np.zeros((max(0, load + 1 - len(sweep)), kind.tin), np.int64)
        blocks.append(np.concatenate([sweep, filler]))
        expected.append(kind.product(tile, blocks[-1]) - kind.correction(tile))
        swaps.append(time)
        time += len(blocks[-1])
    inputs = _load_columns(kind, tiles, [0, *(swap + 1 for swap in swaps[:-1])], time)
    inputs["swap"] = np.isin(np.arange(time), swaps).astype(np.int64)
    return Stream({**inputs, "a": np.concatenate(blocks)}, load, np.concatenate(expected))


def _load_columns(
    kind: PeKind, tiles: list[IntArray], starts: list[int], cycles: int
) -> dict[str, IntArray | list[int]]:
    names = ("load_valid", "load_word", *(["load_index"] if kind.load_words > 1 else []))
    columns: dict[str, IntArray | list[int]] = {name: [0] * cycles for name in names}
    for start, tile in zip(starts, tiles, strict=True):
        for index, word in enumerate(kind.encode(tile)):
            columns["load_valid"][start + index] = 1
            columns["load_word"][start + index] = word
            if "load_index" in columns:
                columns["load_index"][start + index] = index
    return columns
