"""Between beats and words: order, addresses, pauses on either side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Elaboratable

from twofold.rtl.buffers import BandWalk, WordReader, WordWriter, reader_cycles

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]


def beats_of(words: list[int], count: int) -> list[int]:
    return [word >> (64 * index) & (1 << 64) - 1 for word in words for index in range(count)]


def random_words(rng: np.random.Generator, count: int, beats: int) -> list[int]:
    return [int.from_bytes(rng.bytes(8 * beats), "little") for _ in range(count)]


@pytest.mark.parametrize(("beats", "wide"), [(1, False), (2, False), (4, True), (8, True)])
@pytest.mark.parametrize("pauses", [1, 3])
def test_beats_become_words_at_consecutive_addresses(
    simulate: Simulate, beats: int, wide: bool, pauses: int
) -> None:
    writer = WordWriter(64 * (1 if wide else beats), 64 * (beats if wide else 8))
    rng = np.random.default_rng(beats)
    memory: dict[int, int] = {}

    async def bench(ctx: Any) -> None:
        async def tick() -> None:
            if ctx.get(writer.enable):
                memory[ctx.get(writer.address)] = ctx.get(writer.word[-64 * beats :])
            await ctx.tick()

        ctx.set(writer.wide, wide)
        for base, count in ((7, 5), (100, 3)):
            words = random_words(rng, count, beats)
            ctx.set(writer.base, base)
            ctx.set(writer.start, 1)
            await tick()
            ctx.set(writer.start, 0)
            for beat in beats_of(words, beats):
                for _ in range(rng.integers(pauses)):
                    ctx.set(writer.valid, 0)
                    await tick()
                ctx.set(writer.beat, beat)
                ctx.set(writer.valid, 1)
                await tick()
            ctx.set(writer.valid, 0)
            await tick()
            assert memory == dict(enumerate(words, base))
            memory.clear()

    simulate(writer, bench)


@pytest.mark.parametrize(("beats", "latency"), [(1, 1), (4, 2)])
@pytest.mark.parametrize("ready", [1.0, 0.4])
def test_words_become_beats(simulate: Simulate, beats: int, latency: int, ready: float) -> None:
    reader, rng = WordReader(64 * beats, latency), np.random.default_rng(1)
    memory = random_words(rng, 32, beats)
    count = 9

    async def bench(ctx: Any) -> None:
        for base in (3, 17):
            pipeline, seen, cycle = [0] * latency, [], 0
            ctx.set(reader.base, base)
            ctx.set(reader.words, count)
            while len(seen) < count * beats:
                ctx.set(reader.start, cycle == 0)
                ctx.set(reader.beats.ready, rng.random() < ready)
                if ctx.get(reader.beats.valid) and ctx.get(reader.beats.ready):
                    seen.append(ctx.get(reader.beats.payload))
                pipeline = [*pipeline[1:], memory[ctx.get(reader.address) % 32]]
                await ctx.tick()
                ctx.set(reader.word, pipeline[0])
                cycle += 1
                assert ctx.get(reader.read) <= (len(seen) >= (count - 1) * beats)
            assert ctx.get(reader.read)
            assert seen == beats_of(memory[base : base + count], beats)
            if ready == 1.0:
                assert cycle == 1 + count * reader_cycles(latency, beats)
            assert not ctx.get(reader.beats.valid)

    simulate(reader, bench)


def test_a_walk_goes_from_band_to_band(simulate: Simulate) -> None:
    walk, seen = BandWalk(), []

    async def bench(ctx: Any) -> None:
        for name, value in {"base": 7, "first_bank": 6, "bank_step": 4, "band_words": 3}.items():
            ctx.set(getattr(walk, name), value)
        ctx.set(walk.start, 1)
        await ctx.tick()
        ctx.set(walk.start, 0)
        for cycle in range(16):
            ctx.set(walk.step, cycle % 2)
            if cycle % 2:
                seen.append((ctx.get(walk.bank), ctx.get(walk.address)))
            await ctx.tick()

    simulate(walk, bench)
    assert seen == [(6, 7), (6, 8), (6, 9), (10, 7), (10, 8), (10, 9), (14, 7), (14, 8)]
