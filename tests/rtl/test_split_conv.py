"""What is left of a layer that is dropped: results that are still on their way, and when there are none."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Elaboratable, Fragment, Module, ResetInserter, Signal, UnusedElaboratable

from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import LAYER, Output
from twofold.rtl.split_conv import SplitConvolution

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]

WORDS = 16
ONE_TILE = Geometry(
    kinds=(PeName.INT_MUL,),
    multiplier_lanes=1,
    activation_words=64,
    weight_words=64,
    parameter_words=16,
    sum_words=64,
    features=(),
    lane_shift=0,
)
PAIRED = replace(ONE_TILE, tiles=2, kinds=(PeName.APOT_SHIFT, PeName.INT8_DSP), beside=PeName.INT8_DSP)
ONES = ("out_groups", "in_blocks", "taps_y", "taps_x", "parts", "tile_blocks", "last_blocks")
ROW = ("in_width", "in_band_words", "out_width", "out_band_words")
FIELDS = {
    **dict.fromkeys((*ONES, "in_height", "out_height", "stride_x", "stride_y"), 1),
    **dict.fromkeys(ROW, 4 * WORDS),
    "clamp_lo": -128,
    "clamp_hi": 127,
}


class Droppable(Elaboratable):
    """A convolution that `stop` resets, as the engine's."""

    def __init__(self, geometry: Geometry = ONE_TILE) -> None:
        self.conv, self.stop = SplitConvolution(geometry), Signal()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.conv = ResetInserter(self.stop)(self.conv)
        return m


async def drop(ctx: Any, dut: Droppable, cycles: int, **fields: int) -> None:
    """Begins a layer, and drops it so many cycles later."""
    conv = dut.conv
    ctx.set(conv.layer, FIELDS | fields)
    await ctx.tick()
    ctx.set(conv.start, 1)
    await ctx.tick()
    ctx.set(conv.start, 0)
    await ctx.tick().repeat(cycles)
    ctx.set(dut.stop, 1)
    await ctx.tick()
    ctx.set(dut.stop, 0)
    await ctx.tick()


async def drained(ctx: Any, conv: SplitConvolution) -> int:
    """Cycles until no pixel is on its way."""
    for cycle in range(2 * conv.timing.drained):
        if ctx.get(conv.drained):
            return cycle
        await ctx.tick()
    raise AssertionError("the pixels of the layer do not end")


async def later(ctx: Any, conv: SplitConvolution) -> int:
    """Sums and codes that come from now on."""
    count, tile = 0, conv.tiles[0]
    marks = [tile.sums.valid, tile.next_valid, *([tile.second.valid] if conv.geometry.beside else [])]
    for _ in range(2 * conv.timing.drained):
        count += sum(ctx.get(mark) for mark in marks)
        await ctx.tick()
    return count


async def kept(ctx: Any, conv: SplitConvolution) -> bool:
    """Whether words that are loaded now are in the memory when everything has come to rest."""
    words, load = [0x0101_0101_0101_0101 * (place + 1) for place in range(WORDS)], conv.activation_write
    ctx.set(load.enable, 1)
    for place, word in enumerate(words):
        ctx.set(load.address, place)
        ctx.set(load.word, word)
        await ctx.tick()
    ctx.set(load.enable, 0)
    await ctx.tick().repeat(2 * conv.timing.drained)
    return [await stored(ctx, conv, place) for place in range(WORDS)] == words


async def stored(ctx: Any, conv: SplitConvolution, place: int) -> int:
    ctx.set(conv.store_address, place)
    await ctx.tick().repeat(conv.timing.store)
    return int(ctx.get(conv.store_activation))


DROPPED = range(24, 60, 5)  # all turns of the multiplier
FORMS = [(pe, output) for pe in (0, 1) for output in (Output.MULTIPLY, Output.THRESHOLD)]


async def rests(ctx: Any, dut: Droppable) -> None:
    """Nothing comes any more once the layer is drained."""
    assert await drained(ctx, dut.conv) <= dut.conv.timing.drained
    assert not await later(ctx, dut.conv)
    assert await kept(ctx, dut.conv)


@pytest.mark.parametrize(("pe", "output"), FORMS)
def test_nothing_of_a_dropped_layer_comes_when_it_is_drained(
    simulate: Simulate, pe: int, output: Output
) -> None:
    dut = Droppable()

    async def bench(ctx: Any) -> None:
        for cycles in DROPPED:
            await drop(ctx, dut, cycles, pe=pe, output=output)
            await rests(ctx, dut)

    simulate(dut, bench)


def test_both_kinds_of_a_paired_layer_are_waited_for(simulate: Simulate) -> None:
    dut = Droppable(PAIRED)

    async def bench(ctx: Any) -> None:
        await drop(ctx, dut, 59, pe=1, output=Output.MULTIPLY, paired=1, out_groups=2)
        await rests(ctx, dut)

    simulate(dut, bench)


def test_before_that_a_result_can_be_written(simulate: Simulate) -> None:
    dut = Droppable()

    async def bench(ctx: Any) -> None:
        damaged = False
        for cycles in DROPPED:
            await drop(ctx, dut, cycles, pe=1, output=Output.MULTIPLY)
            assert not ctx.get(dut.conv.drained)
            damaged |= not await kept(ctx, dut.conv)
        assert damaged

    simulate(dut, bench)


def test_without_a_layer_nothing_is_waited_for(simulate: Simulate) -> None:
    dut = Droppable()

    async def bench(ctx: Any) -> None:
        ctx.set(dut.conv.layer, LAYER.const({}))
        await ctx.tick()
        assert ctx.get(dut.conv.drained)
        ctx.set(dut.stop, 1)
        await ctx.tick()
        ctx.set(dut.stop, 0)
        await ctx.tick()
        assert ctx.get(dut.conv.drained)

    simulate(dut, bench)


def test_it_makes_no_component_that_it_does_not_use() -> None:
    """Amaranth warns of one from the first elaboration of a process on."""
    Fragment.get(SplitConvolution(ONE_TILE), None)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", UnusedElaboratable)
        Fragment.get(SplitConvolution(ONE_TILE), None)
        gc.collect()
    assert not [str(warning.message) for warning in found]
