"""The loop nest of a layer, taps and sweeps together, against nested loops in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Elaboratable, Module
from amaranth.lib import wiring

from twofold.plan.memory.banks import BankLayout
from twofold.rtl.isa import LANES_PE, LAYER, Output
from twofold.rtl.sweep import Sweeper
from twofold.rtl.taps import TapGenerator

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]
Pixel = dict[str, int]
WRAP = 0xFFFF
TILES = 4


class LoopNest(Elaboratable):
    """The two components, connected."""

    def __init__(self, pace: int) -> None:
        self.taps, self.sweep = TapGenerator(pairs=True), Sweeper(interval_max=63, pace=pace)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.taps, m.submodules.sweep = self.taps, self.sweep
        m.d.comb += [self.sweep.start.eq(self.taps.start), self.sweep.layer.eq(self.taps.layer)]
        wiring.connect(m, self.taps.taps, self.sweep.taps)
        return m


def banks_of(layer: dict[str, int]) -> BankLayout:
    return BankLayout(layer["in_height"], layer["in_width"], TILES)


def random_layer(rng: np.random.Generator, *, weights: bool | None = None) -> dict[str, int]:
    """Fields of a LAYER for four tiles, with weights or without, None for either."""
    layer = dict.fromkeys(LAYER.members, 0)
    for field, high in (
        *(("out_groups", 3), ("in_blocks", 3), ("taps_y", 3), ("taps_x", 3), ("parts", 2)),
        *(("out_height", 4), ("out_width", 5), ("in_height", 9), ("in_width", 7)),
        *(("stride_y", 3), ("stride_x", 3), ("dilation_y", 3), ("dilation_x", 3)),
    ):
        layer[field] = int(rng.integers(1, high, endpoint=True))
    layer["doubled"] = int(rng.integers(2))
    if layer["doubled"]:
        layer |= {size: 2 * layer[size] for size in ("out_height", "out_width")}
    for field in ("in_base", "in_block_stride", "sums_base", "sums_group_stride"):
        layer[field] = int(rng.integers(0, WRAP, endpoint=True))
    layer["origin_y"], layer["origin_x"] = (int(value) for value in rng.integers(-3, 2, 2))
    layer["pe"], layer["tile_blocks"] = int(rng.integers(2) if weights is None else weights), TILES
    banks = banks_of(layer)
    layer |= {
        "in_band_words": banks.band_words,
        "in_fold": banks.fold_log2,
        "in_bank": banks.bank(layer["origin_y"]),
        "in_row": banks.row_address(layer["origin_y"]),
        "row_stride": banks.row_address(layer["stride_y"]),
        "row_banks": banks.bank(layer["stride_y"]),
        "tap_stride": banks.row_address(layer["dilation_y"]),
        "tap_banks": banks.bank(layer["dilation_y"]),
    }
    own = {"in_out_stride": banks.block_address(TILES)}
    return layer | (own if layer["pe"] == LANES_PE else {"in_block_stride": banks.band_words})


def loop_nest(layer: dict[str, int]) -> Iterator[Pixel]:
    """Each pixel in order: output group, input block, tap, part of the inputs, output pixel. Of a paired
    layer the last sweep of each two groups comes again, as a recall."""
    banks, paired = banks_of(layer), layer["paired"]
    blocks = [layer[name] for name in ("out_groups", "in_blocks", "taps_y", "taps_x", "parts")]
    blocks[0] >>= paired
    sweeps = [(index, 0) for index in np.ndindex(*blocks)]
    if paired:
        final = tuple(count - 1 for count in blocks[1:])
        sweeps = [(index, recall) for index, _ in sweeps for recall in range(1 + (index[1:] == final))]
    for (out, in_, tap_y, tap_x, part), recall in sweeps:
        for row, column in np.ndindex(layer["out_height"], layer["out_width"]):
            across, down = column >> layer["doubled"], row >> layer["doubled"]
            y = layer["origin_y"] + down * layer["stride_y"] + tap_y * layer["dilation_y"]
            x = layer["origin_x"] + across * layer["stride_x"] + tap_x * layer["dilation_x"]
            own = layer["pe"] == LANES_PE
            block, operand = (out * TILES, in_) if own else (in_, 0)
            base = layer["in_base"] + operand * layer["in_block_stride"] + banks.block_address(block)
            pixel = row * layer["out_width"] + column
            yield {
                "address": base + banks.row_address(y) + x & WRAP,
                "bank": banks.bank(y, block),
                "inside": int(0 <= x < layer["in_width"]),
                "y": y,
                "sum": layer["sums_base"] + out * layer["sums_group_stride"] + pixel & WRAP,
                "part": part,
                "rest": int(in_ > 0),
                "swap": int(pixel == 0),
                "first": int((in_, tap_y, tap_x, part) == (0, 0, 0, 0) or recall),
                "final": int((in_ + 1, tap_y + 1, tap_x + 1, part + 1) == tuple(blocks[1:])),
                "last": int(
                    (out + 1, in_ + 1, tap_y + 1, tap_x + 1, part + 1) == tuple(blocks) and recall == paired
                ),
                "recall": recall,
            }


@dataclass
class Record:
    """What a layer's sweeps did: pixels, and the cycles since `start` of pixels, taps and group ends."""

    pixels: list[Pixel]
    issued: list[int]
    taken: list[int]
    ends: list[int]


def record(
    simulate: Simulate, layer: dict[str, int], interval: int, waits: Callable[[], int], pace: int = 1
) -> Record:
    """waits: cycles after the end of a group before `results_ready` rises again."""
    nest, seen = LoopNest(pace), Record([], [], [], [])
    count = len(list(loop_nest(layer)))

    async def bench(ctx: Any) -> None:
        sweep, wait = nest.sweep, waits()
        ctx.set(nest.taps.layer, layer)
        ctx.set(sweep.interval, interval)
        ctx.set(nest.taps.start, 1)
        await ctx.tick()
        ctx.set(nest.taps.start, 0)
        cycle = 1
        while len(seen.pixels) < count or cycle < seen.issued[-1] + 20:
            ctx.set(sweep.results_ready, wait == 0)
            wait = max(wait - 1, 0)
            if ctx.get(sweep.taken):
                seen.taken.append(cycle)
            if ctx.get(sweep.issue):
                pixel = ctx.get(sweep.pixel)
                found = {name: int(pixel[name]) for name in sweep.pixel.shape().members}
                seen.pixels.append(found | {"bank": found["bank"] % TILES})
                seen.issued.append(cycle)
            if ctx.get(sweep.group_end):
                seen.ends.append(cycle)
                wait = waits()
            await ctx.tick()
            cycle += 1

    simulate(nest, bench)
    return seen


@pytest.mark.parametrize("seed", range(8))
def test_pixels_come_in_order_one_a_cycle(simulate: Simulate, seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer, interval = random_layer(rng), int(rng.integers(1, 12))
    seen = record(simulate, layer, interval, lambda: 0)
    assert seen.pixels == list(loop_nest(layer))
    pixels = layer["out_height"] * layer["out_width"]
    sweeps = len(seen.pixels) // pixels
    per_group = sweeps // layer["out_groups"]
    # a group of one sweep begins with its final one, which waits for the group before to end
    step = max(pixels + (per_group == 1), interval)
    starts = 1 + interval + np.arange(sweeps) * step
    assert seen.taken == starts.tolist()
    assert seen.issued == [start + 1 + pixel for start in starts for pixel in range(pixels)]
    assert seen.ends == [start + pixels for start in starts[per_group - 1 :: per_group]]


@pytest.mark.parametrize("seed", range(4))
def test_a_recall_follows_every_second_group_without_an_interval(simulate: Simulate, seed: int) -> None:
    rng = np.random.default_rng(300 + seed)
    layer = random_layer(rng, weights=True) | {"paired": 1, "out_groups": 4}
    pixels, interval = layer["out_height"] * layer["out_width"], int(rng.integers(4, 30))
    seen = record(simulate, layer, interval, lambda: 0)
    assert seen.pixels == list(loop_nest(layer))
    per_pair = len(seen.taken) // 2
    for pair in (seen.taken[:per_pair], seen.taken[per_pair:]):
        steps = np.diff(pair)
        assert (steps[:-1] == max(pixels, interval)).all() and steps[-1] == max(pixels + 1, interval)
    assert seen.taken[per_pair] == seen.taken[per_pair - 1] + pixels + (per_pair == 2)
    assert seen.ends == [seen.taken[place] + pixels for place in (-2 + per_pair, per_pair - 1, -2, -1)]


@pytest.mark.parametrize("output", list(Output))
@pytest.mark.parametrize("seed", range(4))
def test_the_last_sweep_of_a_group_waits_for_multipliers(
    simulate: Simulate, seed: int, output: Output
) -> None:
    rng = np.random.default_rng(200 + seed)
    layer, interval = random_layer(rng) | {"output": output}, int(rng.integers(1, 12))
    seen = record(simulate, layer, interval, lambda: 0, pace=5)
    assert seen.pixels == list(loop_nest(layer))
    pixels, per_group = layer["out_height"] * layer["out_width"], len(seen.taken) // layer["out_groups"]
    taken: list[int] = []
    issued: list[int] = []
    begin = 1 + interval
    for sweep in range(len(seen.taken)):
        final = sweep % per_group == per_group - 1
        pace = 5 if final and output is Output.MULTIPLY else 1
        taken.append(begin)
        issued += range(begin + 1, begin + 1 + pixels * pace, pace)
        begin += max((pixels - 1) * pace + 1 + (per_group == 1), interval)
    assert (seen.taken, seen.issued) == (taken, issued)


@pytest.mark.parametrize("seed", range(4))
def test_final_sweeps_wait_for_results(simulate: Simulate, seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    layer = random_layer(rng)
    delays: list[int] = []

    def waits() -> int:
        delays.append(int(rng.integers(1, 60)))
        return delays[-1]

    seen = record(simulate, layer, 4, waits)
    assert seen.pixels == list(loop_nest(layer))
    per_group = len(seen.taken) // layer["out_groups"]
    ready = [delays[0] + 1, *(end + 1 + delay for end, delay in zip(seen.ends, delays[1:], strict=True))]
    finals = seen.taken[per_group - 1 :: per_group]
    assert all(final >= since for final, since in zip(finals, ready[:-1], strict=True))


def test_a_wrong_bank_is_noticed(simulate: Simulate) -> None:
    layer = random_layer(np.random.default_rng(3))
    expected = list(loop_nest(layer))
    seen = record(simulate, layer | {"in_bank": layer["in_bank"] + 1}, 4, lambda: 0)
    wrong = {
        key
        for pixel, right in zip(seen.pixels, expected, strict=True)
        for key in right
        if pixel[key] != right[key]
    }
    assert wrong == {"bank"}
