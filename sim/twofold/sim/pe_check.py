"""One harness for an array's RTL and for its mapped netlist: a stream of vectors against exact products."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from twofold.network.types import IntArray
from twofold.rtl.mac.interface import PeKind
from twofold.sim import dsp48, primitives
from twofold.sim.benches.pe_stream import Stream, Tiles, accepted_weights, make_stream
from twofold.sim.slice_cells import models_of
from twofold.sim.vectors import VectorSimulation, build, compile_verilog, ports_of
from twofold.synth.netlist import Netlist

_CHUNK = 16_384
"""Vectors of one run: what NumPy unpacks of its outputs fits in a few hundred megabytes."""


@dataclass(frozen=True)
class Verdict:
    """vectors: how many met all the outputs; wrong: those of them with a sum that is not the product."""

    vectors: int
    wrong: int
    seconds: float

    @property
    def passed(self) -> bool:
        return self.vectors > 0 and not self.wrong


def simulate_rtl(kind: PeKind, folder: Path, *, optimise: str = "-O0") -> VectorSimulation:
    """The kind's component as it is written."""
    models = primitives.XC7 + dsp48.DSP48E1 + dsp48.DSP48E2
    return build(kind.component(), folder, models, optimise=optimise)


def simulate_netlist(
    kind: PeKind, netlist: Netlist, folder: Path, *, optimise: str = "-O0"
) -> VectorSimulation:
    """What the kind's component was mapped to, each cell by its behaviour.

    Raises UserError for cells whose behaviour is not known.
    """
    models = models_of(cell["type"] for cell in netlist.cells.values())
    ports = ports_of(kind.component())
    return compile_verilog(netlist.verilog() + models, netlist.top, ports, folder, optimise=optimise)


def check(kind: PeKind, simulation: VectorSimulation, *, vectors: int, seed: int) -> Verdict:
    """All corner vectors, then random ones until there are `vectors`, one a cycle.

    The next tile is loaded while each sweep runs, and swapped in without a cycle in between.
    """
    begin, seen, wrong = time.monotonic(), 0, 0
    rng = np.random.default_rng(seed)
    for tiles, sweeps in _batches(kind, vectors, rng):
        stream = make_stream(kind, tiles, sweeps)
        found = sums(kind, simulation, stream)
        wrong += int((found != stream.expected).any(axis=1).sum())
        seen += sum(map(len, sweeps))
    return Verdict(seen, wrong, round(time.monotonic() - begin, 1))


def sums(kind: PeKind, simulation: VectorSimulation, stream: Stream) -> IntArray:
    """[P, tout]: what the array gives for the stream's vectors, addends added."""
    begin = stream.first + kind.latency
    cycles = begin + len(stream.expected)
    y = simulation.run(stream.inputs, cycles=cycles)["y"]
    found: IntArray = y.reshape(cycles, kind.addends, kind.tout).sum(axis=1)[begin:]
    return found


def _batches(kind: PeKind, vectors: int, rng: np.random.Generator) -> Iterator[Tiles]:
    corners = corner_tiles(kind)
    yield corners
    left = vectors - sum(map(len, corners[1]))
    while left > 0:
        tiles, sweeps = _random_batch(kind, min(left, _CHUNK), rng)
        yield tiles, sweeps
        left -= sum(map(len, sweeps))


def _random_batch(kind: PeKind, vectors: int, rng: np.random.Generator) -> Tiles:
    """Sweeps about as long as a load, so that some end before the next tile is there and some after."""
    weights, (low, high) = accepted_weights(kind), kind.activation_range
    longest, tiles, sweeps = 2 * (kind.load_words + kind.settle) + 2, [], []
    while vectors > 0:
        sweeps.append(rng.integers(low, high + 1, (int(rng.integers(1, longest)), kind.tin)))
        tiles.append(rng.choice(weights, (kind.tout, kind.tin)))
        vectors -= len(sweeps[-1])
    return tiles, sweeps


def corner_tiles(kind: PeKind) -> Tiles:
    """Checkerboards of every two corner weights; each meets all alternations of two corner activations."""
    low, high = kind.activation_range
    vectors = _alternating(_corners(np.arange(low, high + 1)), kind.tin)
    rows = _alternating(_corners(accepted_weights(kind)), kind.tin + 1)
    tiles = [np.stack([row[output % 2 :][: kind.tin] for output in range(kind.tout)]) for row in rows]
    return tiles, [vectors] * len(tiles)


def _corners(values: IntArray) -> IntArray:
    """The least and the greatest value, their neighbours, and those next to 0."""
    near_zero = values[np.abs(values) <= 1]
    return np.unique(np.concatenate([values[:2], near_zero, values[-2:]]))


def _alternating(values: IntArray, length: int) -> IntArray:
    pairs = product(values, repeat=2)
    return np.array([np.resize(pair, length) for pair in pairs])
