"""A memory of one or two parts is one memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Elaboratable

from twofold.rtl.deep_memory import DeepMemory, depth_parts

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]
BITS = 12


def test_the_parts_are_powers_of_two() -> None:
    assert depth_parts(2048) == (2048,)
    assert depth_parts(17408) == (16384, 1024)


@pytest.mark.parametrize("depth", [32, 48])
def test_each_address_has_a_word_of_its_own(simulate: Simulate, depth: int) -> None:
    memory = DeepMemory(BITS, depth)
    generator = np.random.default_rng(0)
    written = generator.permutation(depth).tolist()
    words = {address: int(word) for address, word in enumerate(generator.integers(1 << BITS, size=depth))}
    read: list[tuple[int, int]] = []

    async def bench(ctx: Any) -> None:
        ctx.set(memory.write, 1)
        for address in written:
            ctx.set(memory.write_address, address)
            ctx.set(memory.write_word, words[address])
            await ctx.tick()
        ctx.set(memory.write, 0)
        ctx.set(memory.write_word, 0)
        for address in generator.permutation(depth).tolist():
            ctx.set(memory.address, address)
            await ctx.tick()
            read.append((address, ctx.get(memory.word)))

    simulate(memory, bench)
    assert read == [(address, words[address]) for address, _ in read]
