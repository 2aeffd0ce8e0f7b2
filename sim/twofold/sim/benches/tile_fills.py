"""Fills of tiles that share generators, the vectors that meet them, and what their sums must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twofold.network.types import IntArray
from twofold.rtl.mac.lut_da_tiles import LutDaTiles
from twofold.rtl.mac.subset_sums import STEPS
from twofold.sim.benches.pe_stream import accepted_weights


@dataclass(frozen=True)
class Fill:
    """In cycle `start` a generator begins to fill its tiles `targets`, a bit each, with tile `weights`."""

    generator: int
    targets: int
    start: int
    weights: int


@dataclass(frozen=True)
class FillStream:
    """Columns of the inputs of `LutDaTiles`, and the sums of each cycle's vectors [cycles, tiles, tout].

    Before cycle `first` not every tile has weights.
    """

    inputs: dict[str, IntArray]
    first: int
    expected: IntArray

    @classmethod
    def of(
        cls, design: LutDaTiles, rng: np.random.Generator, fills: Sequence[Fill], swaps: Sequence[int]
    ) -> FillStream:
        """Random weights and vectors; a swap is to the last fill that began 16 cycles ago or earlier."""
        cycles = swaps[-1] + STEPS
        kind = design.kind
        low, high = kind.activation_range
        count = 1 + max(fill.weights for fill in fills)
        weights = rng.choice(accepted_weights(kind), (count, kind.tout, kind.tin))
        a = rng.integers(low, high + 1, (cycles, design.tiles, kind.tin))
        inputs: dict[str, IntArray] = {
            "a": a.reshape(cycles, -1),
            "swap": np.isin(np.arange(cycles), swaps),
            **_fill_columns(design, fills, weights, cycles),
        }
        return cls(inputs, swaps[0], _expected(design, fills, swaps, weights, a))


def _fill_columns(
    design: LutDaTiles, fills: Sequence[Fill], weights: IntArray, cycles: int
) -> dict[str, IntArray]:
    own = design.tiles // design.generators
    columns = {name: np.zeros(cycles, np.int64) for name in ("go", "targets")}
    columns["weights"] = np.zeros((cycles, design.generators), np.int64)
    for fill in fills:
        columns["go"][fill.start] |= 1 << fill.generator
        columns["targets"][fill.start] |= fill.targets << fill.generator * own
        words = design.kind.place_words(weights[fill.weights])
        for step in range(1, STEPS):
            place = (step & -step).bit_length() - 1
            time = fill.start + step + design.memory_latency
            columns["weights"][time, fill.generator] = words[place]
    return columns


def _expected(
    design: LutDaTiles, fills: Sequence[Fill], swaps: Sequence[int], weights: IntArray, a: IntArray
) -> IntArray:
    own = design.tiles // design.generators
    sums = np.zeros((len(a), design.tiles, design.kind.tout), np.int64)
    for begin, end in zip(swaps, [*swaps[1:], len(a)], strict=True):
        for tile in range(design.tiles):
            held = [f for f in fills if f.start + STEPS <= begin and f.generator == tile // own]
            (*_, fill) = [f for f in held if f.targets >> tile % own & 1]
            tile_weights = weights[fill.weights]
            products = design.kind.product(tile_weights, a[begin:end, tile])
            sums[begin:end, tile] = products - design.kind.correction(tile_weights)
    return sums


def _ready(design: LutDaTiles, fill: Fill) -> int:
    """The first cycle in which these tables may be swapped in."""
    return fill.start + design.LATENCY + design.memory_latency + STEPS - 1


def random_fills(design: LutDaTiles, rng: np.random.Generator, *, sweeps: int) -> FillStream:
    """In each sweep every generator fills its tiles in random groups, one group after the other."""
    own = design.tiles // design.generators
    fills: list[Fill] = []
    swaps: list[int] = []
    start = 0
    for _ in range(sweeps):
        ends = []
        for generator in range(design.generators):
            groups = rng.integers(0, own, own)
            for turn, group in enumerate(np.unique(groups)):
                targets = sum(1 << int(tile) for tile in np.flatnonzero(groups == group))
                fills.append(Fill(generator, targets, start + STEPS * turn, len(fills)))
            ends.append(_ready(design, fills[-1]))
        swaps.append(max(ends))
        start = max(ends) - design.memory_latency
    return FillStream.of(design, rng, fills, swaps)
