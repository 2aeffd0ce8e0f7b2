"""Biases and parameters of block after block, in the documented cycles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Elaboratable

from twofold.rtl.parameter_loader import ParameterLoader

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]
BASE, DRAIN = 500, 9


@pytest.mark.parametrize("blocks", [1, 4])
@pytest.mark.parametrize(("words", "later"), [(0, 0), (1, 0), (16, 0), (1, 7), (16, 7)])
def test_groups(simulate: Simulate, words: int, later: int, blocks: int) -> None:
    """A group ends every 100 cycles. Only what multipliers need waits longer."""
    loader = ParameterLoader(word_bits=256, index_bits=4, drain_max=DRAIN + 1, later=later)
    drain = DRAIN + later * (words == 1)
    period = 100
    biases: dict[int, tuple[int, int, int]] = {}
    written: dict[int, tuple[int, int, int]] = {}
    ready: list[int] = []

    async def bench(ctx: Any) -> None:
        address = block = 0
        ctx.set(loader.base, BASE)
        ctx.set(loader.words, words)
        ctx.set(loader.drain, DRAIN)
        ctx.set(loader.blocks, blocks)
        for cycle in range(4 * period):
            ctx.set(loader.restart, cycle == 0)
            ctx.set(loader.begin, cycle > 0 and cycle % period == 0)
            if ctx.get(loader.bias_valid):
                biases[cycle] = ctx.get(loader.initial), block, address
            if ctx.get(loader.valid):
                written[cycle] = block, ctx.get(loader.index), address
            if ctx.get(loader.ready):
                ready.append(cycle)
            address, block = ctx.get(loader.address), ctx.get(loader.next_block)
            await ctx.tick()

    simulate(loader, bench)
    stride = blocks * (1 + words)
    assert biases == {
        group * period + 2 + block: (int(group == 0), block, BASE + group * stride + block)
        for group in range(4)
        for block in range(blocks)
    }
    # the other words come two cycles after the last bias, or as much later as results take to drain
    begins = [group * period + 4 + blocks + (drain if group else 0) for group in range(4)]
    assert written == {
        begin + block * words + i: (block, i, BASE + group * stride + blocks + block * words + i)
        for group, begin in enumerate(begins)
        for block in range(blocks)
        for i in range(words)
    }
    rising = [begin + blocks * words for begin in begins]
    until = [*(group * period for group in (1, 2, 3)), 4 * period - 1]
    assert ready == [cycle for rise, end in zip(rising, until, strict=True) for cycle in range(rise, end + 1)]
