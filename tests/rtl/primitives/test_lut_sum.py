"""All sums of two numbers of 3 bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Elaboratable, Module, Signal

from twofold.rtl.primitives.lut_sum import lut_sum

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]


class Adder(Elaboratable):
    def __init__(self) -> None:
        self.a, self.b, self.sum = Signal(3), Signal(3), Signal(3)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += self.sum.eq(lut_sum(self.a, self.b))
        return m


def test_every_sum(simulate: Simulate) -> None:
    adder = Adder()

    async def bench(ctx: Any) -> None:
        for a in range(8):
            for b in range(8):
                ctx.set(adder.a, a)
                ctx.set(adder.b, b)
                await ctx.tick()
                assert ctx.get(adder.sum) == (a + b) % 8

    simulate(adder, bench)
