"""Counters of a run and of its instructions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from amaranth.hdl import Elaboratable

from twofold.rtl.control.cycle_counters import CycleCounters

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]


def test_cycles_of_runs_and_of_instructions(simulate: Simulate) -> None:
    """Instructions follow each other without a gap: each lasts from the end of the one before to its own."""
    counters, rng = CycleCounters(instructions=16, causes=2, most=4), np.random.default_rng(1)

    async def bench(ctx: Any) -> None:
        for _ in range(2):
            lengths = rng.integers(2, 40, 16).tolist()
            totals = np.zeros(3, np.int64)
            ctx.set(counters.start, 1)
            await ctx.tick()
            ctx.set(counters.start, 0)
            ctx.set(counters.busy, 1)
            for index, length in enumerate(lengths):
                ctx.set(counters.index, index)
                for cycle in range(length):
                    ctx.set(counters.first, index == cycle == 0)
                    ctx.set(counters.retire, cycle == length - 1)
                    waits, inputs = int(rng.integers(4)), int(rng.integers(5))
                    ctx.set(counters.waits, waits)
                    ctx.set(counters.inputs, inputs)
                    totals += [waits & 1, waits >> 1, inputs]
                    await ctx.tick()
            ctx.set(counters.busy, 0)
            ctx.set(counters.retire, 0)
            for _ in range(5):
                await ctx.tick()
            assert ctx.get(counters.run) == sum(lengths)
            found = [*(ctx.get(counters.waited[cause]) for cause in range(2)), ctx.get(counters.total)]
            assert found == totals.tolist()
            for index, length in enumerate(lengths):
                ctx.set(counters.show, index)
                await ctx.tick()
                assert ctx.get(counters.shown) == length

    simulate(counters, bench)
