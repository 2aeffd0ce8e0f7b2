"""Words of all tiles, one pixel a cycle, from banks that hold a map as the planner lays it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Elaboratable

from twofold.plan.memory.banks import BankLayout
from twofold.rtl.activation_reader import ActivationReader
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import LANES_PE, LAYER
from twofold.rtl.layer_timing import LayerTiming

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]
BASE, WIDTH, BLOCKS, WORDS = 5, 3, 16, 256


def filled(banks: BankLayout) -> list[list[int]]:
    """Banks with a map in which each word is its place: block, row, column."""
    memory = [[0] * WORDS for _ in range(banks.tiles)]
    for block, row, column in np.ndindex(BLOCKS, banks.height, WIDTH):
        address = BASE + banks.block_address(block) + banks.row_address(row) + column
        assert memory[banks.bank(row, block)][address] == 0
        memory[banks.bank(row, block)][address] = 1 + (block * banks.height + row) * WIDTH + column
    return memory


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(
    ("tiles", "bands", "height"),
    [(1, 1, 5), (4, 4, 7), (4, 2, 8), (8, 2, 4), (4, 1, 3), (16, 16, 32), (16, 2, 8), (16, 1, 3)],
)
def test_each_tile_gets_its_pixel(simulate: Simulate, tiles: int, bands: int, height: int, own: bool) -> None:
    """Tile 0 reads rows −1 to `height` of its block or of block 1; the other tiles theirs."""
    geometry = Geometry(kinds=(PeName.INT_MUL,), tiles=tiles)
    reader, banks = ActivationReader(geometry), BankLayout(height, WIDTH, tiles)
    memory, group = filled(banks), tiles // bands
    latency, rows = LayerTiming.of(geometry).word, banks.rows // bands
    pixels = [(row, column) for row in range(-1, height + 1) for column in range(WIDTH)]
    block = 0 if own else 1

    async def bench(ctx: Any) -> None:
        fields = {"pe": LANES_PE if own else 1, "blocks_log2": group.bit_length() - 1, "in_height": height}
        fields |= {"tile_rows": rows, "in_band_words": banks.band_words, "in_fold": banks.fold_log2}
        ctx.set(reader.layer, dict.fromkeys(LAYER.members, 0) | fields)
        ctx.set(reader.running, 1)
        for _ in range(3):
            await ctx.tick()
        for cycle in range(len(pixels) + latency):
            if cycle < len(pixels):
                row, column = pixels[cycle]
                address = BASE + banks.block_address(block) + banks.row_address(row) + column
                place = {"address": address, "bank": banks.bank(row, block), "inside": 1, "y": row}
                ctx.set(reader.pixel, dict.fromkeys(reader.pixel.shape().members, 0) | place)
            if cycle >= latency:
                check(ctx, *pixels[cycle - latency])
            read = [memory[tile][ctx.get(reader.addresses[tile]) % WORDS] for tile in range(tiles)]
            await ctx.tick()
            for tile, word in enumerate(read):
                ctx.set(reader.data[tile], word)

    def check(ctx: Any, row: int, column: int) -> None:
        for tile in range(tiles):
            y = row + tile // group * rows
            inside = 0 <= y < height
            assert ctx.get(reader.inside[tile]) == inside
            if inside:
                mine = tile % group if own else 1
                assert ctx.get(reader.words[tile]) == 1 + (mine * height + y) * WIDTH + column

    simulate(reader, bench)


@pytest.mark.parametrize("tiles", [1, 4])
def test_words_for_storing_come_from_the_bank_that_is_asked_for(simulate: Simulate, tiles: int) -> None:
    geometry = Geometry(kinds=(PeName.INT_MUL,), tiles=tiles)
    reader, latency = ActivationReader(geometry), LayerTiming.of(geometry).store
    asked = [(address, (3 * address + 1) % tiles) for address in range(20)]

    async def bench(ctx: Any) -> None:
        ctx.set(reader.layer, dict.fromkeys(LAYER.members, 0) | {"in_band_words": 7, "blocks_log2": 2})
        for cycle in range(len(asked) + latency):
            if cycle < len(asked):
                ctx.set(reader.store_address, asked[cycle][0])
                ctx.set(reader.store_bank, asked[cycle][1])
            if cycle >= latency:
                address, bank = asked[cycle - latency]
                assert ctx.get(reader.words[0]) == 100 * bank + address
            read = [100 * tile + ctx.get(reader.addresses[tile]) for tile in range(tiles)]
            await ctx.tick()
            for tile, word in enumerate(read):
                ctx.set(reader.data[tile], word)

    simulate(reader, bench)
