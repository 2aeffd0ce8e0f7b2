"""The last of any number of steps is known when it begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Elaboratable, Module, Signal

from twofold.rtl.countdown import Countdown

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]


class Loop(Elaboratable):
    def __init__(self) -> None:
        self.begin, self.steps, self.count = Signal(), Signal(4), Countdown(4, "loop")

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += self.count.step()
        with m.If(self.begin):
            m.d.sync += self.count.load(self.steps)
        return m


@pytest.mark.parametrize("steps", [1, 2, 3, 15])
def test_the_last_step_is_flagged(steps: int, simulate: Simulate) -> None:
    loop, seen = Loop(), []

    async def bench(ctx: Any) -> None:
        ctx.set(loop.begin, 1)
        ctx.set(loop.steps, steps)
        await ctx.tick()
        ctx.set(loop.begin, 0)
        for _ in range(steps):
            seen.append(ctx.get(loop.count.last))
            await ctx.tick()

    simulate(loop, bench)
    assert seen == [0] * (steps - 1) + [1]
