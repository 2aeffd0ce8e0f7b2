"""Taps alone: with any pauses between transfers, in order, and none too many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from amaranth.hdl import Elaboratable

from twofold.rtl.isa import LAYER
from twofold.rtl.taps import TAP, TapGenerator

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]

LAYERS = [
    {"pe": 1, "out_groups": 2, "in_blocks": 3, "taps_y": 2, "taps_x": 3, "parts": 1},
    {"pe": 0, "out_groups": 3, "in_blocks": 2, "taps_y": 1, "taps_x": 2, "parts": 1},
    {"pe": 2, "out_groups": 1, "in_blocks": 2, "taps_y": 2, "taps_x": 2, "parts": 16},
    {"pe": 1, "out_groups": 1, "in_blocks": 1, "taps_y": 1, "taps_x": 1, "parts": 1},
    {"pe": 1, "out_groups": 4, "in_blocks": 2, "taps_y": 2, "taps_x": 1, "parts": 1, "paired": 1},
    {"pe": 1, "out_groups": 4, "in_blocks": 1, "taps_y": 1, "taps_x": 1, "parts": 1, "paired": 1},
]
STEPS = {
    "origin_y": -2,
    "origin_x": -1,
    "dilation_y": 2,
    "dilation_x": 3,
    "tile_blocks": 4,
    "in_base": 65000,
    "in_band_words": 50,
    "in_fold": 1,
    "in_bank": 6,
    "in_row": 30,
    "in_block_stride": 700,
    "in_out_stride": 65535,
    "tap_stride": 40,
    "tap_banks": 1,
    "sums_base": 9,
    "sums_group_stride": 30,
}


def expected(layer: dict[str, int]) -> list[dict[str, int]]:
    """Tap row 1 is 40 words further, beyond the 50 of a band: two banks, and the one of `tap_banks`.

    Two blocks of a convolution are at an address, in banks next to each other; operands are in one bank.
    """
    taps, paired = [], layer.get("paired", 0)
    loops = [layer[name] for name in ("out_groups", "in_blocks", "taps_y", "taps_x", "parts")]
    loops[0] >>= paired
    last, weights = tuple(count - 1 for count in loops), layer["pe"] > 0
    for out, in_, y, x, part in np.ndindex(*loops):
        strides = in_ // 2 if weights else in_
        bank = 6 + (in_ if weights else 4 * out) + 3 * y
        taps.append(
            {
                "x": layer["origin_x"] + x * layer["dilation_x"],
                "y": layer["origin_y"] + y * layer["dilation_y"],
                "base": layer["in_base"] + out * layer["in_out_stride"] + strides * 700 & 0xFFFF,
                "row": (30, 20)[y],
                "bank": bank % 16,
                "sums": layer["sums_base"] + out * layer["sums_group_stride"],
                "part": part,
                "rest": int(in_ > 0),
                "first": int((in_, y, x, part) == (0, 0, 0, 0)),
                "final": int((in_, y, x, part) == last[1:]),
                "last": int((out, in_, y, x, part) == last and not paired),
                "recall": 0,
                "ended": int((out, in_, y, x, part) == last),
            }
        )
        if paired and (in_, y, x, part) == last[1:]:
            taps.append(taps[-1] | {"first": 1, "recall": 1, "last": taps[-1]["ended"]})
    return taps


def test_taps_of_one_layer_after_the_other(simulate: Simulate) -> None:
    generator, rng = TapGenerator(pairs=True), np.random.default_rng(1)

    async def bench(ctx: Any) -> None:
        for sizes in LAYERS:
            layer = dict.fromkeys(LAYER.members, 0) | STEPS | sizes
            ctx.set(generator.layer, layer)
            ctx.set(generator.start, 1)
            await ctx.tick()
            ctx.set(generator.start, 0)
            for tap in expected(layer):
                for _ in range(rng.integers(3)):
                    ctx.set(generator.taps.ready, 0)
                    await ctx.tick()
                payload = ctx.get(generator.taps.payload)
                assert ctx.get(generator.taps.valid)
                assert {name: int(payload[name]) for name in TAP.members} == tap
                ctx.set(generator.taps.ready, 1)
                await ctx.tick()
            assert not ctx.get(generator.taps.valid)

    simulate(generator, bench)
