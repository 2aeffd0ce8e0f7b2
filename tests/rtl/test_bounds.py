"""Comparisons by bits are those of integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Elaboratable, Module, Signal

from twofold.rtl.bounds import exceeds, reaches

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]
DEPTHS = (1, 8, 9, 12, 24, 40, 63)


@pytest.mark.parametrize("depth", DEPTHS)
def test_every_address_is_compared(simulate: Simulate, depth: int) -> None:
    m, address = Module(), Signal(7)
    found = [Signal(name=name) for name in ("exceeds", "reaches")]
    clocked = Signal()
    m.d.sync += clocked.eq(~clocked)
    m.d.comb += [found[0].eq(exceeds(address, depth)), found[1].eq(reaches(address, depth))]

    async def bench(ctx: Any) -> None:
        for value in range(128):
            ctx.set(address, value)
            assert [ctx.get(flag) for flag in found] == [value > depth, value >= depth]

    simulate(m, bench)
