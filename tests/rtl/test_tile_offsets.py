"""Distances from tile to tile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Elaboratable, Module, Signal

from twofold.rtl.tile_offsets import band_offsets, block_offsets

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]
TILES, STRIDE = 8, 37


class Offsets(Elaboratable):
    def __init__(self) -> None:
        self.stride, self.fold, self.blocks = Signal(16), Signal(2), Signal(2)
        self.bands: list[Any] = []
        self.folded: list[Any] = []

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.bands += band_offsets(m, TILES, self.stride, self.blocks, "band")
        self.folded += block_offsets(m, TILES, self.stride, self.fold, self.blocks, "block")
        return m


def test_bands_and_blocks_of_every_split(simulate: Simulate) -> None:
    offsets = Offsets()

    async def bench(ctx: Any) -> None:
        ctx.set(offsets.stride, STRIDE)
        for blocks in range(4):
            for fold in range(blocks + 1):
                ctx.set(offsets.blocks, blocks)
                ctx.set(offsets.fold, fold)
                await ctx.tick().repeat(2)
                found = [[ctx.get(value) for value in values] for values in (offsets.bands, offsets.folded)]
                assert found[0] == [(tile >> blocks) * STRIDE for tile in range(TILES)]
                assert found[1] == [((tile % (1 << blocks)) >> fold) * STRIDE for tile in range(TILES)]

    simulate(offsets, bench)
