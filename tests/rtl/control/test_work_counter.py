"""Inputs that the tiles multiply: of the blocks that a group has, by one kind or two, none in a recall."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Elaboratable

from twofold.rtl.control.work_counter import WorkCounter
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import LAYER

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]
GEOMETRY = Geometry(
    tiles=4, kinds=(PeName.APOT_SHIFT, PeName.INT8_DSP), int8_dsp_inputs=3, beside=PeName.INT8_DSP
)
PIXELS = 3


def multiplied(simulate: Simulate, groups: list[bool], **fields: int) -> list[int]:
    """What is counted for each of PIXELS pixels of each group's only sweep. groups: which are recalls."""
    counter, found = WorkCounter(GEOMETRY), []
    layer = dict.fromkeys(LAYER.members, 0) | fields | {"out_groups": len(groups)}

    async def bench(ctx: Any) -> None:
        ctx.set(counter.layer, layer)
        ctx.set(counter.start, 1)
        await ctx.tick()
        ctx.set(counter.start, 0)
        await ctx.tick().repeat(3)
        for recall in groups:
            for pixel in range(PIXELS + 3):
                ctx.set(counter.issue, pixel < PIXELS)
                ctx.set(counter.recall, recall)
                ctx.set(counter.group_end, pixel == PIXELS - 1)
                if 2 <= pixel < PIXELS + 2:
                    found.append(ctx.get(counter.multiplied))
                await ctx.tick()

    simulate(counter, bench)
    return found


@pytest.mark.parametrize(("pe", "rows"), [(0, 0), (1, 8), (2, 3)])
def test_the_last_group_can_have_fewer_blocks(simulate: Simulate, pe: int, rows: int) -> None:
    """Two tiles share a band, so that each block is computed by two."""
    shared = {"pe": pe, "blocks_log2": 1, "tile_blocks": 2, "last_blocks": 1}
    found = multiplied(simulate, [False, False], **shared)
    assert found == [*([4 * rows] * PIXELS), *([2 * rows] * PIXELS)]


def test_both_kinds_of_a_paired_layer_count_and_a_recall_does_not(simulate: Simulate) -> None:
    pair = {"pe": 1, "paired": 1, "tile_blocks": 1, "last_blocks": 1}
    assert multiplied(simulate, [False, True], **pair) == [*([4 * (8 + 3)] * PIXELS), *([0] * PIXELS)]
