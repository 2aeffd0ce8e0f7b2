"""Instructions that this engine cannot execute are named; those of the planner pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Elaboratable

from twofold.rtl.control.instruction_check import InstructionCheck
from twofold.rtl.control.run_errors import Cause
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import LAYER, TRANSFER, Memory, Opcode, Output, encode

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]

GEOMETRY = Geometry(
    tiles=4,
    weight_banks=2,
    kinds=(PeName.INT_MUL,),
    activation_words=1024,
    weight_words=256,
    parameter_words=128,
    sum_words=64,
)
DEPTHS = {Memory.ACTIVATIONS: 1024, Memory.WEIGHTS: 256, Memory.PARAMETERS: 128, Memory.SUMS: 64}
WORDS = dict.fromkeys(TRANSFER.members, 0) | {"words": 9, "band_words": 3, "offset": 64}
ONES = (
    *("tile_blocks", "last_blocks", "out_groups", "in_blocks"),
    *("taps_y", "taps_x", "parts", "out_height", "out_width"),
)
SIZES = dict.fromkeys(LAYER.members, 0) | dict.fromkeys(ONES, 1)


def causes(
    simulate: Simulate, cases: list[tuple[Opcode, Mapping[str, int]]], geometry: Geometry = GEOMETRY
) -> list[Cause]:
    check, found = InstructionCheck(geometry), []

    async def bench(ctx: Any) -> None:
        for opcode, fields in cases:
            content = {name: value for name, value in fields.items() if name != "opcode"}
            ctx.set(check.instruction, int.from_bytes(encode(opcode, content), "little"))
            await ctx.tick().repeat(InstructionCheck.LATENCY)
            found.append(Cause(ctx.get(check.cause)))

    simulate(check, bench)
    return found


def test_what_an_engine_can_do_has_no_cause(simulate: Simulate) -> None:
    cases = [
        (Opcode.END, {}),
        (Opcode.FRAME, {}),
        *((Opcode.LOAD, WORDS | {"memory": memory}) for memory in Memory if memory is not Memory.SUMS),
        *((Opcode.STORE, WORDS | {"memory": memory}) for memory in (Memory.ACTIVATIONS, Memory.SUMS)),
        (Opcode.PREFETCH, WORDS),
        *((Opcode.LOAD, WORDS | {"memory": 1, "address": 253 - more}) for more in range(2)),
        *((Opcode.LAYER, SIZES | {"pe": pe, "output": output}) for pe in range(2) for output in Output),
        (Opcode.LAYER, SIZES | {"blocks_log2": 2, "tile_blocks": 4, "last_blocks": 3}),
    ]
    assert set(causes(simulate, cases)) == {Cause.NONE}


@pytest.mark.parametrize("memory", [Memory.ACTIVATIONS, Memory.WEIGHTS, Memory.PARAMETERS])
def test_words_must_fit_into_their_memory(simulate: Simulate, memory: Memory) -> None:
    last = DEPTHS[memory] - WORDS["band_words"]
    addresses = [0, last - 1, last, last + 1, DEPTHS[memory], (1 << 16) - 2, (1 << 16) - 1]
    cases = [(Opcode.LOAD, WORDS | {"memory": memory, "address": address}) for address in addresses]
    assert causes(simulate, cases) == [*(3 * [Cause.NONE]), *(4 * [Cause.RANGE])]


def test_other_transfers_are_named(simulate: Simulate) -> None:
    wrong = {
        Cause.MEMORY: [
            (Opcode.LOAD, WORDS | {"memory": Memory.SUMS}),
            (Opcode.PREFETCH, WORDS | {"memory": Memory.WEIGHTS}),
            (Opcode.STORE, WORDS | {"memory": Memory.PARAMETERS}),
            (Opcode.STORE, WORDS | {"base": 3}),
        ],
        Cause.ALIGNMENT: [(Opcode.LOAD, WORDS | {"offset": offset}) for offset in (1, 2, 4, 12)],
        Cause.RANGE: [(Opcode.STORE, WORDS | {name: 0}) for name in ("words", "band_words")],
    }
    for cause, cases in wrong.items():
        assert set(causes(simulate, cases)) == {cause}


def test_layers_of_other_engines_are_named(simulate: Simulate) -> None:
    cases = [
        *((Opcode.LAYER, SIZES | {name: 0}) for name in ONES),
        (Opcode.LAYER, SIZES | {"pe": 2}),
        (Opcode.LAYER, SIZES | {"output": 3}),
        *((Opcode.LAYER, SIZES | {name: value}) for name in ("blocks_log2", "in_fold") for value in (4, 7)),
        (Opcode.LAYER, SIZES | {"blocks_log2": 3}),
        (Opcode.LAYER, SIZES | {"blocks_log2": 2, "tile_blocks": 17}),
        (Opcode.LAYER, SIZES | {"blocks_log2": 1, "tile_blocks": 3}),
        (Opcode.LAYER, SIZES | {"blocks_log2": 2, "tile_blocks": 2, "last_blocks": 3}),
    ]
    assert set(causes(simulate, cases)) == {Cause.LAYER}


PAIRS = replace(GEOMETRY, kinds=(PeName.APOT_SHIFT, PeName.INT8_DSP), beside=PeName.INT8_DSP)


def test_pairs_are_whole_and_of_two_kinds(simulate: Simulate) -> None:
    pair = SIZES | {"pe": 1, "out_groups": 2, "output": Output.THRESHOLD, "paired": 1}
    right = [(Opcode.LAYER, pair), (Opcode.LAYER, pair | {"out_groups": 6, "output": Output.MULTIPLY})]
    assert set(causes(simulate, right, PAIRS)) == {Cause.NONE}
    assert set(causes(simulate, right)) == {Cause.LAYER}, "an engine whose layers use one kind"
    wrong = [
        *((Opcode.LAYER, pair | {"pe": pe}) for pe in (0, 2)),
        *((Opcode.LAYER, pair | {"out_groups": groups}) for groups in (1, 3, 255)),
        (Opcode.LAYER, pair | {"blocks_log2": 1, "tile_blocks": 2}),
        (Opcode.LAYER, pair | {"parts": 2}),
        (Opcode.LAYER, pair | {"output": Output.SUMS}),
    ]
    assert set(causes(simulate, wrong, PAIRS)) == {Cause.LAYER}


@pytest.mark.parametrize("opcode", range(6, 16))
def test_unknown_opcodes_are_named(simulate: Simulate, opcode: int) -> None:
    check = InstructionCheck(GEOMETRY)

    async def bench(ctx: Any) -> None:
        ctx.set(check.instruction, opcode)
        await ctx.tick().repeat(InstructionCheck.LATENCY)
        assert ctx.get(check.cause) == Cause.OPCODE

    simulate(check, bench)
