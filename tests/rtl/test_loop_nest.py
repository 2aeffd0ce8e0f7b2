"""What ends with each step of a nest is known when the step begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Const, Elaboratable, Module, Signal

from twofold.rtl.countdown import Countdown
from twofold.rtl.loop_nest import LoopNest

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]


class Loops(Elaboratable):
    def __init__(self, steps: tuple[int, ...]) -> None:
        self.begin, self.go = Signal(), Signal()
        self.steps = [Const(count, 4) for count in steps]
        self.nest = LoopNest([Countdown(4, f"loop_{depth}") for depth in range(len(steps))])

    def elaborate(self, platform: object) -> Module:
        m = Module()
        with m.If(self.go):
            self.nest.step(m, self.steps)
        with m.If(self.begin):
            self.nest.begin(m, self.steps)
        return m


@pytest.mark.parametrize("steps", [(1, 1, 1), (3, 1, 2), (1, 3, 2), (2, 2, 3), (1, 1, 4), (5, 1, 1)])
def test_all_ends_are_flagged(steps: tuple[int, ...], simulate: Simulate) -> None:
    """Twice through, with a pause before every third step."""
    loops, seen = Loops(steps), []

    async def bench(ctx: Any) -> None:
        ctx.set(loops.begin, 1)
        await ctx.tick()
        ctx.set(loops.begin, 0)
        for step in range(2 * int(np.prod(steps))):
            if step % 3 == 2:
                await ctx.tick()
            seen.append(tuple(ctx.get(end) for end in loops.nest.ends))
            ctx.set(loops.go, 1)
            await ctx.tick()
            ctx.set(loops.go, 0)

    simulate(loops, bench)
    outermost_first = np.ndindex(*reversed(steps))
    last = [
        [index == count - 1 for index, count in zip(at[::-1], steps, strict=True)] for at in outermost_first
    ]
    assert seen == 2 * [tuple(int(all(inner[: depth + 1])) for depth in range(3)) for inner in last]
