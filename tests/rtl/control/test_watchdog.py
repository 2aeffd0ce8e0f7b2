"""The watchdog expires after as many cycles without progress as it was told, and not before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Elaboratable

from twofold.rtl.control.watchdog import Watchdog

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]


@pytest.mark.parametrize("limit", [1, 7, 0])
def test_it_expires_after_the_limit_until_there_is_progress(simulate: Simulate, limit: int) -> None:
    watchdog = Watchdog()

    async def bench(ctx: Any) -> None:
        ctx.set(watchdog.limit, limit)
        for cycles in (limit, limit + 1, 3 * limit, 40):
            ctx.set(watchdog.progress, 1)
            await ctx.tick()
            ctx.set(watchdog.progress, 0)
            for cycle in range(cycles):
                assert ctx.get(watchdog.expired) == (limit != 0 and cycle > limit), cycle
                await ctx.tick()

    simulate(watchdog, bench)
