"""Codes of all tiles in banks as the planner lays a map out, whatever the split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from amaranth.hdl import Elaboratable

from twofold.plan.memory.banks import BankLayout
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import LAYER
from twofold.rtl.result_writer import ResultWriter

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]
BASE, WIDTH = 9, 3


def word(block: int, row: int, column: int) -> int:
    """Another one in each place."""
    return 1 + (block * 100 + row) * WIDTH + column


def words_of(banks: BankLayout, blocks: int) -> dict[tuple[int, int], int]:
    """(bank, address) → the word that readers look for there."""
    return {
        (banks.bank(row, block), BASE + banks.block_address(block) + banks.row_address(row) + column): word(
            block, row, column
        )
        for block in range(blocks)
        for row in range(banks.rows)
        for column in range(WIDTH)
    }


def layer_of(banks: BankLayout, width: int, blocks: int) -> dict[str, int]:
    """The fields of a LAYER that writes so many blocks, `width` at a time."""
    groups = -(-blocks // width)
    return dict.fromkeys(LAYER.members, 0) | {
        "blocks_log2": width.bit_length() - 1,
        "tile_blocks": width,
        "last_blocks": blocks - (groups - 1) * width,
        "out_groups": groups,
        "out_base": BASE,
        "out_band_words": banks.band_words,
        "out_fold": banks.fold_log2,
        "out_group_stride": banks.block_address(width),
    }


@pytest.mark.parametrize(
    ("tiles", "bands", "height", "blocks"),
    [
        (1, 1, 4, 3),
        (4, 4, 7, 3),
        (4, 2, 8, 5),
        (4, 2, 2, 3),
        (8, 1, 1, 8),
        (8, 2, 4, 3),
        (16, 16, 16, 3),
        (16, 1, 1, 17),
        (16, 4, 8, 9),
    ],
)
def test_every_word_is_where_its_readers_look(
    simulate: Simulate, tiles: int, bands: int, height: int, blocks: int
) -> None:
    writer, banks = (
        ResultWriter(Geometry(kinds=(PeName.INT_MUL,), tiles=tiles)),
        BankLayout(height, WIDTH, tiles),
    )
    width, rows = tiles // bands, banks.rows // bands
    layer = layer_of(banks, width, blocks)
    memory: dict[tuple[int, int], int] = {}

    async def bench(ctx: Any) -> None:
        async def tick(codes: Sequence[int] = ()) -> None:
            for bank in range(tiles):
                if ctx.get(writer.enables[bank]):
                    memory[bank, ctx.get(writer.addresses[bank])] = ctx.get(writer.words[bank])
            await ctx.tick()
            for tile, code in enumerate(codes):
                ctx.set(writer.codes[tile], code)

        ctx.set(writer.layer, layer)
        ctx.set(writer.start, 1)
        await tick()
        ctx.set(writer.start, 0)
        for group in range(layer["out_groups"]):
            await tick()
            for pixel in range(rows * WIDTH):
                ctx.set(writer.valid, 1)
                ctx.set(writer.last, pixel == rows * WIDTH - 1)
                places = [
                    (group * width + tile % width, tile // width * rows + pixel // WIDTH)
                    for tile in range(tiles)
                ]
                await tick([word(block, row, pixel % WIDTH) for block, row in places])
            ctx.set(writer.valid, 0)
            await tick()
        await tick()
        await tick()

    simulate(writer, bench)
    assert memory == words_of(banks, blocks)


@pytest.mark.parametrize("tiles", [1, 4])
def test_loaded_words_go_to_one_bank(simulate: Simulate, tiles: int) -> None:
    writer = ResultWriter(Geometry(kinds=(PeName.INT_MUL,), tiles=tiles))
    seen: list[tuple[int, int, int]] = []

    async def bench(ctx: Any) -> None:
        ctx.set(writer.layer, dict.fromkeys(LAYER.members, 0) | {"blocks_log2": 1, "out_band_words": 7})
        for cycle in range(12):
            ctx.set(writer.load.enable, 2 <= cycle < 10)
            ctx.set(writer.load.bank, cycle % tiles)
            ctx.set(writer.load.address, 40 + cycle)
            ctx.set(writer.load.word, 1000 + cycle)
            for bank in range(tiles):
                if ctx.get(writer.enables[bank]):
                    seen.append((bank, ctx.get(writer.addresses[bank]), ctx.get(writer.words[bank])))
            await ctx.tick()

    simulate(writer, bench)
    assert seen == [(cycle % tiles, 40 + cycle, 1000 + cycle) for cycle in range(2, 10)]


@pytest.mark.parametrize("tiles", [1, 4])
def test_a_loaded_word_beyond_the_banks_is_noticed(simulate: Simulate, tiles: int) -> None:
    writer = ResultWriter(Geometry(kinds=(PeName.INT_MUL,), tiles=tiles, activation_words=64))
    noticed: list[int] = []

    async def bench(ctx: Any) -> None:
        for address in (0, 63, 64, 65, 127, 128, 1 << 15):
            ctx.set(writer.load.address, address)
            for enable in (1, 0, 0):
                ctx.set(writer.load.enable, enable)
                await ctx.tick()
                if ctx.get(writer.outside):
                    noticed.append(address)

    simulate(writer, bench)
    assert noticed == [64, 65, 127, 128, 1 << 15]


@pytest.mark.parametrize(
    ("base", "blocks", "outside"), [(0, 4, 1), (0, 3, 0), (3, 3, 0), (4, 3, 1), (63, 1, 0), (128, 1, 1)]
)
def test_a_block_beyond_the_banks_is_noticed(
    simulate: Simulate, base: int, blocks: int, outside: int
) -> None:
    """Blocks are 30 words apart, in banks of 64."""
    writer = ResultWriter(Geometry(kinds=(PeName.INT_MUL,), tiles=4, activation_words=64))
    fields = {"blocks_log2": 2, "out_band_words": 30, "out_base": base, "out_groups": 1}
    seen: list[int] = []

    async def bench(ctx: Any) -> None:
        ctx.set(writer.layer, dict.fromkeys(LAYER.members, 0) | fields | {"last_blocks": blocks})
        ctx.set(writer.start, 1)
        await ctx.tick()
        ctx.set(writer.start, 0)
        for cycle in range(8):
            ctx.set(writer.valid, cycle == 4)
            seen.append(ctx.get(writer.outside))
            await ctx.tick()

    simulate(writer, bench)
    assert sum(seen) == outside
