"""A program goes in beat by beat; any of its instructions comes out in the documented cycles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from amaranth.hdl import Elaboratable

from twofold.rtl.control.instruction_fetch import InstructionFetch
from twofold.rtl.isa import INSTRUCTION_BYTES

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]


def test_instructions_in_any_order_and_a_second_program(simulate: Simulate) -> None:
    fetch, rng = InstructionFetch(instructions=16), np.random.default_rng(1)

    async def load(ctx: Any, program: bytes) -> None:
        ctx.set(fetch.rewind, 1)
        await ctx.tick()
        ctx.set(fetch.rewind, 0)
        for start in range(0, len(program), 8):
            ctx.set(fetch.valid, 0)
            for _ in range(rng.integers(3)):
                await ctx.tick()
            ctx.set(fetch.beat, int.from_bytes(program[start : start + 8], "little"))
            ctx.set(fetch.valid, 1)
            await ctx.tick()
        ctx.set(fetch.valid, 0)

    async def fetched(ctx: Any, index: int) -> int:
        ctx.set(fetch.index, index)
        ctx.set(fetch.fetch, 1)
        for _ in range(InstructionFetch.LATENCY - 1):
            await ctx.tick()
            ctx.set(fetch.fetch, 0)
            assert not ctx.get(fetch.ready)
        await ctx.tick()
        assert ctx.get(fetch.ready)
        following = int(ctx.get(fetch.following))
        ctx.set(fetch.take, 1)
        await ctx.tick()
        ctx.set(fetch.take, 0)
        return following

    async def bench(ctx: Any) -> None:
        for count in (16, 5):
            program = rng.bytes(count * INSTRUCTION_BYTES)
            await load(ctx, program)
            for index in rng.permutation(count):
                start = int(index) * INSTRUCTION_BYTES
                expected = int.from_bytes(program[start : start + INSTRUCTION_BYTES], "little")
                assert await fetched(ctx, int(index)) == expected
                assert ctx.get(fetch.instruction) == expected

    simulate(fetch, bench)
