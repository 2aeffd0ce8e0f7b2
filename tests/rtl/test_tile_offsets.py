"""Distances from tile to tile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Elaboratable, Module, Signal

from twofold.rtl.tile_offsets import band_offsets, block_offsets, rotated

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]
STRIDE = 37


class Offsets(Elaboratable):
    def __init__(self, tiles: int) -> None:
        self.tiles = tiles
        self.stride, self.fold, self.blocks = Signal(16), Signal(3), Signal(3)
        self.bands: list[Any] = []
        self.folded: list[Any] = []

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.bands += band_offsets(m, self.tiles, self.stride, self.blocks, "band")
        self.folded += block_offsets(m, self.tiles, self.stride, self.fold, self.blocks, "block")
        return m


@pytest.mark.parametrize("tiles", [8, 16])
def test_bands_and_blocks_of_every_split(simulate: Simulate, tiles: int) -> None:
    offsets = Offsets(tiles)

    async def bench(ctx: Any) -> None:
        ctx.set(offsets.stride, STRIDE)
        for blocks in range(tiles.bit_length()):
            for fold in range(blocks + 1):
                ctx.set(offsets.blocks, blocks)
                ctx.set(offsets.fold, fold)
                await ctx.tick().repeat(2)
                found = [[ctx.get(value) for value in values] for values in (offsets.bands, offsets.folded)]
                assert found[0] == [(tile >> blocks) * STRIDE for tile in range(tiles)]
                assert found[1] == [((tile % (1 << blocks)) >> fold) * STRIDE for tile in range(tiles)]

    simulate(offsets, bench)


class Rotation(Elaboratable):
    def __init__(self, places: int) -> None:
        self.bank, self.results = Signal(range(places)), [Signal(8) for _ in range(places)]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        values = [Signal(8, init=100 + place) for place in range(len(self.results))]
        found = rotated(m, values, self.bank, "value")
        m.d.sync += [result.eq(value) for result, value in zip(self.results, found, strict=True)]
        return m


@pytest.mark.parametrize("places", [2, 4, 8, 16])
def test_the_first_value_goes_to_the_bank_and_the_others_behind_it(simulate: Simulate, places: int) -> None:
    rotation = Rotation(places)

    async def bench(ctx: Any) -> None:
        for bank in range(places):
            ctx.set(rotation.bank, bank)
            await ctx.tick()
            found = [ctx.get(result) for result in rotation.results]
            assert found == [100 + (place - bank) % places for place in range(places)]

    simulate(rotation, bench)
