"""Tiles of weights over several layers: their order, their cycles, and what PE arrays ask of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Elaboratable, Module, ResetInserter, Signal
from amaranth.lib import wiring

from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import LANES_PE, LAYER
from twofold.rtl.layer_timing import LayerTiming
from twofold.rtl.partial_sums import PartialSums
from twofold.rtl.sweep import Sweeper
from twofold.rtl.taps import TapGenerator
from twofold.rtl.weight_loader import WeightLoader
from twofold.rtl.weight_prefetcher import WeightPrefetcher

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]
Fields = dict[str, int]
GEOMETRIES = {
    "one tile": Geometry(),
    "parts, four tiles": Geometry(kinds=(PeName.INT8_DSP, PeName.INT_MUL), tiles=4, int8_dsp_inputs=2),
    "tables": Geometry(kinds=(PeName.LUT_DA,)),
    "beside": Geometry(kinds=(PeName.APOT_SHIFT, PeName.INT8_DSP), beside=PeName.INT8_DSP),
    "beside tables": Geometry(
        kinds=(PeName.LUT_DA, PeName.INT8_DSP), beside=PeName.INT8_DSP, lut_da_activation_bits=2
    ),
}
geometries = pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
DEPTH = 1 << 12


class WeightedSweeps(Elaboratable):
    """The prefetcher between a layer's loops and the loader."""

    def __init__(self, geometry: Geometry) -> None:
        timing, pairs = LayerTiming.of(geometry), geometry.beside is not None
        self.taps, self.sweep = TapGenerator(pairs=pairs), Sweeper(timing.interval_max)
        self.prefetcher = WeightPrefetcher(geometry)
        self.loader = WeightLoader(timing.product.index_bits, pairs)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        taps, sweep, prefetcher, loader = self.taps, self.sweep, self.prefetcher, self.loader
        m.submodules += [taps, sweep, prefetcher, loader]
        wiring.connect(m, taps.taps, sweep.taps)
        for unit in (taps, sweep):
            m.d.comb += [unit.start.eq(prefetcher.start), unit.layer.eq(prefetcher.layer)]
        m.d.comb += [
            prefetcher.taken.eq(sweep.taken),
            prefetcher.recall.eq(sweep.taps.payload.recall),
            prefetcher.ended.eq(sweep.taps.payload.ended),
            prefetcher.second.eq(loader.second),
            prefetcher.outside.eq(loader.reads & (loader.address >= DEPTH)),
            *_connected(prefetcher, sweep, "interval", "preload", "preload_interval", "preloaded"),
            *_connected(prefetcher, loader, "restart", "base", "load", "words", "more"),
        ]
        return m


def _connected(source: wiring.Component, target: wiring.Component, *names: str) -> Iterator[Any]:
    return (getattr(target, name).eq(getattr(source, name)) for name in names)


@dataclass(frozen=True)
class Word:
    """A word at the PE arrays: whose it is, its place in its tile, and where it was read."""

    pe: int
    index: int
    address: int


@dataclass(frozen=True)
class Run:
    """A layer's way: what its arrays get and when, in cycles since the first layer's start."""

    layer: Fields
    start: int
    ready: int
    """The next layer is known."""
    done: int
    taken: list[int] = field(default_factory=list)
    """Sweeps with weights."""
    outside: list[int] = field(default_factory=list)


def random_layer(rng: np.random.Generator, geometry: Geometry) -> Fields:
    layer = dict.fromkeys(LAYER.members, 0)
    for name, high in (("out_groups", 2), ("in_blocks", 2), ("taps_y", 2), ("taps_x", 2), ("parts", 2)):
        layer[name] = int(rng.integers(1, high, endpoint=True))
    longest = int(rng.choice([1, 3, 9]))
    layer["out_height"], layer["out_width"] = (int(size) for size in rng.integers(1, longest + 1, 2))
    product = LayerTiming.of(geometry).product
    layer["pe"] = int(rng.integers(len(product.latencies)))
    if product.is_paired(layer["pe"]) and rng.integers(4):
        layer |= {"paired": 1, "out_groups": 2 * layer["out_groups"]}
    return layer | {"weight_base": int(rng.integers(DEPTH // 2))}


def tiles_of(layer: Fields, geometry: Geometry) -> Iterator[list[Word]]:
    """A layer's tiles in order: output group, or two of them, input block, tap, part of the inputs."""
    product, address = LayerTiming.of(geometry).product, layer["weight_base"]
    loops = [layer[name] for name in ("out_groups", "in_blocks", "taps_y", "taps_x", "parts")]
    loops[0] >>= layer["paired"]
    for _ in np.ndindex(*loops):
        kinds = (layer["pe"], product.beside)[: 1 + layer["paired"]]
        order = [(pe, index) for pe in kinds for index in range(product.load_words[pe])]
        yield [Word(pe, index, address + place) for place, (pe, index) in enumerate(order)]
        address += len(order)


def record(
    simulate: Simulate, geometry: Geometry, layers: list[Fields], rng: np.random.Generator
) -> tuple[list[Run], dict[int, Word]]:
    """Layers one after the other, and each cycle's word at the arrays. The next layer is known at any time,
    or too late."""
    unit, timing = WeightedSweeps(geometry), LayerTiming.of(geometry)
    runs: list[Run] = []
    words: dict[int, Word] = {}

    async def bench(ctx: Any) -> None:
        prefetcher, sweep, loader = unit.prefetcher, unit.sweep, unit.loader
        cycle, read = 0, [0, 0]

        async def tick(outside: list[int]) -> None:
            nonlocal cycle
            if ctx.get(prefetcher.layer_outside):
                outside.append(cycle)
            if ctx.get(loader.valid):
                words[cycle] = Word(ctx.get(prefetcher.pe), ctx.get(loader.index), read[0])
            read[:] = [read[1], ctx.get(loader.address)]
            await ctx.tick()
            cycle += 1

        def know(following: Fields | None, ready: int) -> None:
            if following and cycle >= ready:
                ctx.set(prefetcher.following, following)
                ctx.set(prefetcher.following_ready, 1)

        for layer, following in pairwise([*layers, None]):
            start = cycle
            ready = start + int(rng.integers(1, 120))
            taken: list[int] = []
            outside: list[int] = []
            ctx.set(prefetcher.layer, layer)
            ctx.set(prefetcher.following_ready, 0)
            ctx.set(prefetcher.start, 1)
            await tick(outside)
            ctx.set(prefetcher.start, 0)
            ctx.set(prefetcher.running, 1)
            left = -1
            while left:
                ctx.set(sweep.results_ready, int(rng.integers(8) == 0))
                know(following, ready)
                if ctx.get(sweep.taken & ~sweep.taps.payload.recall):
                    taken.append(cycle)
                if ctx.get(sweep.group_end & sweep.pixel.last):
                    left = timing.word + int(rng.integers(6, 40))
                left -= 1
                await tick(outside)
            ctx.set(prefetcher.running, 0)
            runs.append(Run(layer, start, ready, cycle - 1, taken, outside))
            for _ in range(int(rng.integers(8))):
                know(following, ready)
                await tick(outside)

    simulate(unit, bench)
    return runs, words


def loads(runs: list[Run], geometry: Geometry) -> Iterator[int]:
    """The cycle in which each tile's load begins."""
    word = LayerTiming.of(geometry).word
    for before, run in pairwise([None, *runs]):
        if run.layer["pe"] == LANES_PE:
            continue
        ahead = max(before.taken[-1] + word, before.ready + 1) if before else 0
        yield ahead if before and ahead <= before.done else run.start
        yield from (taken + word for taken in run.taken[:-1])


@geometries
@pytest.mark.parametrize("seed", range(3))
def test_tiles_come_in_order_and_in_their_cycles(simulate: Simulate, geometry: Geometry, seed: int) -> None:
    rng = np.random.default_rng(seed)
    layers = [random_layer(rng, geometry) for _ in range(6)]
    runs, words = record(simulate, geometry, layers, rng)
    tiles = [tile for run in runs if run.layer["pe"] != LANES_PE for tile in tiles_of(run.layer, geometry)]
    begins = [load + WeightLoader.LATENCY for load in loads(runs, geometry)]
    assert words == {
        begin + place: word
        for begin, tile in zip(begins, tiles, strict=True)
        for place, word in enumerate(tile)
    }


@geometries
@pytest.mark.parametrize("seed", range(3))
def test_arrays_have_what_they_ask_for(simulate: Simulate, geometry: Geometry, seed: int) -> None:
    """`PeArray`: each tile settles before the swap to it, and the next one's words come after the swap."""
    rng = np.random.default_rng(100 + seed)
    layers = [random_layer(rng, geometry) for _ in range(6)]
    runs, words = record(simulate, geometry, layers, rng)
    timing = LayerTiming.of(geometry)
    swaps = [taken + timing.word + 2 for run in runs if run.layer["pe"] != LANES_PE for taken in run.taken]
    cycles = iter(sorted(words))
    tiles = [tile for run in runs if run.layer["pe"] for tile in tiles_of(run.layer, geometry)]
    before = -1
    for tile, swap in zip(tiles, swaps, strict=True):
        for word in tile:
            cycle = next(cycles)
            assert before < cycle < swap - timing.product.settles[word.pe], (word, swap)
        before = swap


def test_the_interval_is_as_short_as_arrays_allow(simulate: Simulate) -> None:
    """One pixel a sweep: the last word settles in the cycle before the next swap."""
    geometry, rng = GEOMETRIES["tables"], np.random.default_rng(5)
    layer = random_layer(rng, geometry) | {"pe": 1, "taps_y": 2, "in_blocks": 2, "out_groups": 1}
    layer |= {"out_height": 1, "out_width": 1}
    (run,), words = record(simulate, geometry, [layer], rng)
    product = LayerTiming.of(geometry).product
    last = [cycle for cycle, word in words.items() if word.index == product.load_words[1] - 1]
    word, settle = LayerTiming.of(geometry).word, product.settles[1]
    assert [taken + word + 2 for taken in run.taken[1:-1]] == [cycle + settle + 1 for cycle in last[1:-1]]


def test_a_layer_that_was_stopped_reads_no_more(simulate: Simulate) -> None:
    """What was taken in the cycles before is still on its way when all registers with a reset are reset."""
    geometry, stop = Geometry(tiles=4), Signal()
    unit, loads = WeightPrefetcher(geometry), 0

    async def bench(ctx: Any) -> None:
        nonlocal loads
        layer = random_layer(np.random.default_rng(0), geometry) | {"pe": 1}
        ctx.set(unit.layer, layer)
        ctx.set(unit.running, 1)
        ctx.set(unit.taken, 1)
        await ctx.tick().repeat(unit.timing.word)
        ctx.set(unit.taken, 0)
        ctx.set(unit.running, 0)
        ctx.set(stop, 1)
        await ctx.tick()
        ctx.set(stop, 0)
        for _ in range(10):
            loads += ctx.get(unit.load)
            await ctx.tick()

    simulate(ResetInserter(stop)(unit), bench)
    assert not loads


@pytest.mark.parametrize("wrong", range(3))
def test_only_the_layer_itself_reads_outside(simulate: Simulate, wrong: int) -> None:
    """Words of the next layer that are read ahead count once that one runs."""
    geometry, rng = GEOMETRIES["one tile"], np.random.default_rng(wrong)
    single = dict.fromkeys(("out_groups", "in_blocks", "taps_y", "taps_x", "parts"), 1)
    for _ in range(4):
        layers = [random_layer(rng, geometry) | single | {"pe": 1} for _ in range(3)]
        layers[wrong]["weight_base"] = DEPTH - 1
        runs, _ = record(simulate, geometry, layers, rng)
        assert [bool(run.outside) for run in runs] == [place == wrong for place in range(3)]
        assert all(run.start < cycle <= run.done for run in runs for cycle in run.outside)


@pytest.mark.parametrize("chained", [0, 1])
def test_a_chained_layer_takes_a_sweep_a_cycle(simulate: Simulate, chained: int) -> None:
    """Others wait for their partial sums, also where they have no weights."""
    geometry, rng = GEOMETRIES["one tile"], np.random.default_rng(0)
    layer = random_layer(rng, geometry) | {"pe": LANES_PE, "chained": chained, "out_groups": 1, "taps_x": 9}
    (run,), _ = record(simulate, geometry, [layer | {"out_height": 1, "out_width": 1}], rng)
    assert set(np.diff(run.taken[:-1])) == {1 if chained else PartialSums.DISTANCE}
