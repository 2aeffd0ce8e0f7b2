"""Biases and parameters of block after block, in the documented cycles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Elaboratable

from twofold.rtl.parameter_loader import ParameterLoader

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]
BASE, DRAIN = 500, 9


@pytest.mark.parametrize("words", [0, 1, 16])
def test_blocks(simulate: Simulate, words: int) -> None:
    """A block ends every 60 cycles; its last pixel meets its sum 7 cycles later."""
    loader = ParameterLoader(word_bits=256, index_bits=4, drain=DRAIN)
    block, take = 60, 7
    biases: dict[int, int] = {}
    written: dict[int, tuple[int, int]] = {}
    ready: list[int] = []

    async def bench(ctx: Any) -> None:
        ctx.set(loader.base, BASE)
        ctx.set(loader.words, words)
        for cycle in range(4 * block):
            ctx.set(loader.restart, cycle == 0)
            ctx.set(loader.begin, cycle > 0 and cycle % block == 0)
            ctx.set(loader.take, cycle > block and cycle % block == take)
            biases[cycle] = ctx.get(loader.bias)
            if ctx.get(loader.valid):
                written[cycle] = ctx.get(loader.index), ctx.get(loader.word)
            if ctx.get(loader.ready):
                ready.append(cycle)
            address = ctx.get(loader.address)
            await ctx.tick()
            ctx.set(loader.data, address)

    simulate(loader, bench)
    stride = 1 + words
    for index in range(4):
        first = BASE + index * stride
        # restart needs 3 cycles to read the bias and 2 more to the first word; begin waits for the drain
        begin = 0 if index == 0 else index * block + DRAIN
        taken = 3 if index == 0 else index * block + take + 1
        until = (index + 1) * block + take if index < 3 else 4 * block - 1
        assert {biases[cycle] for cycle in range(taken, until + 1)} == {first}
        loaded = {
            cycle: value for cycle, value in written.items() if index * block <= cycle < (index + 1) * block
        }
        assert loaded == {begin + 5 + i: (i, first + 1 + i) for i in range(words)}
        risen = [cycle for cycle in ready if index * block < cycle <= (index + 1) * block]
        assert risen == list(range(begin + 5 + words, (index + 1) * block + (index < 3)))
