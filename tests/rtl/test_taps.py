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
    {"out_blocks": 2, "in_blocks": 3, "taps_y": 2, "taps_x": 3},
    {"out_blocks": 1, "in_blocks": 1, "taps_y": 1, "taps_x": 1},
]
STEPS = {
    "origin_y": -2,
    "origin_x": -1,
    "dilation_y": 2,
    "dilation_x": 3,
    "in_base": 65000,
    "in_block_stride": 700,
    "in_out_stride": 65535,
    "tap_stride": 40,
    "sums_base": 9,
    "sums_block_stride": 30,
}


def expected(layer: dict[str, int]) -> list[dict[str, int]]:
    taps = []
    loops = [layer[name] for name in ("out_blocks", "in_blocks", "taps_y", "taps_x")]
    last = tuple(count - 1 for count in loops)
    for out, in_, y, x in np.ndindex(*loops):
        row = layer["in_base"] + out * layer["in_out_stride"] + in_ * layer["in_block_stride"]
        taps.append(
            {
                "x": layer["origin_x"] + x * layer["dilation_x"],
                "y": layer["origin_y"] + y * layer["dilation_y"],
                "row": row + y * layer["tap_stride"] & 0xFFFF,
                "sums": layer["sums_base"] + out * layer["sums_block_stride"],
                "rest": int(in_ > 0),
                "first": int((in_, y, x) == (0, 0, 0)),
                "final": int((in_, y, x) == last[1:]),
                "last": int((out, in_, y, x) == last),
            }
        )
    return taps


def test_taps_of_one_layer_after_the_other(simulate: Simulate) -> None:
    generator, rng = TapGenerator(), np.random.default_rng(1)

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
