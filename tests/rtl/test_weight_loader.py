"""Words of a tile at the PE arrays in the documented cycles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Elaboratable

from twofold.rtl.weight_loader import WeightLoader

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]
BASE = 1000


@pytest.mark.parametrize("more", [0, 1, 5])
@pytest.mark.parametrize("words", [1, 3, 8])
def test_each_word_comes_latency_plus_its_index_after_load(simulate: Simulate, words: int, more: int) -> None:
    """Those of the second kind behind those of the first."""
    loader, rng = WeightLoader(index_bits=3, pairs=True), np.random.default_rng(words)
    both = words + more
    loads = np.cumsum(rng.integers(both, both + 5, 12)).tolist()
    seen: dict[int, tuple[int, int, int]] = {}

    async def bench(ctx: Any) -> None:
        pipeline = [0, 0]
        ctx.set(loader.base, BASE)
        ctx.set(loader.restart, 1)
        await ctx.tick()
        ctx.set(loader.restart, 0)
        for cycle in range(loads[-1] + both + loader.LATENCY + 5):
            ctx.set(loader.load, cycle in loads)
            ctx.set(loader.words, words if cycle in loads else 7)
            ctx.set(loader.more, more if cycle in loads else 7 - more)
            if ctx.get(loader.valid):
                seen[cycle] = ctx.get(loader.second), ctx.get(loader.index), pipeline[0]
            pipeline = [pipeline[1], ctx.get(loader.address)]
            await ctx.tick()

    simulate(loader, bench)
    assert seen == {
        load + loader.LATENCY + place: (*which, BASE + tile * both + place)
        for tile, load in enumerate(loads)
        for place, which in enumerate(
            [*((0, index) for index in range(words)), *((1, index) for index in range(more))]
        )
    }
