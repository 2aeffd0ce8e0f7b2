"""Weights in banks: loaded where they are needed, read side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Elaboratable

from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.weight_loader import WeightLoader
from twofold.rtl.weight_memory import WeightMemory

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]
WORDS, BASE = 3, 5


@pytest.mark.parametrize("step", [1, 2, 4])
def test_each_bank_reads_the_words_of_its_block(simulate: Simulate, step: int) -> None:
    memory = WeightMemory(Geometry(kinds=(PeName.INT_MUL,), tiles=8, weight_banks=4, weight_words=32))
    seen: dict[int, list[int]] = {}

    async def bench(ctx: Any) -> None:
        for block in range(step):
            for word in range(WORDS):
                ctx.set(memory.write.enable, 1)
                ctx.set(memory.write.bank, block)
                ctx.set(memory.write.bank_step, step)
                ctx.set(memory.write.address, BASE + word)
                ctx.set(memory.write.word, 100 * block + word)
                await ctx.tick()
        ctx.set(memory.write.enable, 0)
        ctx.set(memory.base, BASE)
        ctx.set(memory.words, WORDS)
        for cycle in range(12):
            ctx.set(memory.restart, cycle == 0)
            ctx.set(memory.load, cycle == 1)
            if ctx.get(memory.valid):
                seen[cycle] = [
                    ctx.get(memory.index),
                    *(ctx.get(memory.bank_words[bank]) for bank in range(4)),
                ]
            await ctx.tick()

    simulate(memory, bench)
    assert seen == {
        1 + WeightLoader.LATENCY + word: [word, *(100 * (bank % step) + word for bank in range(4))]
        for word in range(WORDS)
    }
