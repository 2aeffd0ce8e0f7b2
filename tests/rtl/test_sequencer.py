"""The sequencer with stand-ins for what it starts: order, frames, and every way to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from amaranth.hdl import Elaboratable

from twofold.rtl.isa import Opcode
from twofold.rtl.sequencer import Sequencer

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]

PROGRAM = (Opcode.LOAD, Opcode.FRAME, Opcode.LOAD, Opcode.LAYER, Opcode.STORE, Opcode.END)
SETUP, FRAME = ["load 0"], ["load 2", "layer 3", "store 4"]
PREFETCHING = (
    Opcode.LOAD,
    Opcode.FRAME,
    Opcode.PREFETCH,
    Opcode.LAYER,
    Opcode.STORE,
    Opcode.STORE,
    Opcode.END,
)
ACTIONS = {
    "load": ("start_load", "read_done"),
    "store": ("start_store", "write_done"),
    "layer": ("start_layer", "layer_done"),
}
ADDRESSES = {"model_address": 0x1000, "input_address": 0x2000, "output_address": 0x3000}
STRIDES = {"input_stride": 0x40, "output_stride": 0x80}
LIMIT = 2000


@dataclass
class Run:
    """What happened: actions with the index of their instruction, retired indices, bases at each action."""

    actions: list[str] = field(default_factory=list)
    retired: list[int] = field(default_factory=list)
    bases: list[tuple[int, ...]] = field(default_factory=list)


class Stage:
    """Answers fetches with the program's opcodes, and actions some cycles after their start.

    A store's words are read 2 cycles after its start. cycles: of the actions whose cycles are not 3.
    at_action: called with the context and the number of an action in the cycle of its start.
    """

    def __init__(self, sequencer: Sequencer, program: Sequence[int]) -> None:
        self.sequencer, self.program = sequencer, program
        self.at_action: dict[int, Callable[[Any], None]] = {}
        self.due: dict[str, int] = {}
        self.cycles: dict[str, int] = {}

    async def run(self, ctx: Any, frames: int) -> Run:
        run, dut = Run(), self.sequencer
        for name, value in (ADDRESSES | STRIDES | {"frames": frames}).items():
            ctx.set(getattr(dut, name), value)
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        for _ in range(LIMIT):
            if ctx.get(dut.done):
                assert not ctx.get(dut.busy)
                return run
            assert ctx.get(dut.busy)
            self._answer(ctx)
            self._watch(ctx, run)
            await ctx.tick()
        raise AssertionError(f"the run did not end within {LIMIT} cycles")

    def _answer(self, ctx: Any) -> None:
        self.due = {name: left - 1 for name, left in self.due.items() if left}
        for name in ("read_done", "write_done", "layer_done"):
            ctx.set(getattr(self.sequencer, name), self.due.get(name) == 0)
        for name in ("fetched", "store_read"):
            ctx.set(getattr(self.sequencer, name), self.due.get(name, 0) == 0)

    def _watch(self, ctx: Any, run: Run) -> None:
        dut = self.sequencer
        index = ctx.get(dut.index)
        if ctx.get(dut.load_program):
            self.due["read_done"] = 5
        if ctx.get(dut.fetch):
            ctx.set(dut.opcode, self.program[index])
            self.due["fetched"] = 10
        if ctx.get(dut.retire):
            run.retired.append(index)
        for action, (start, done) in ACTIONS.items():
            if ctx.get(getattr(dut, start)):
                self.at_action.get(len(run.actions), lambda ctx: None)(ctx)
                run.actions.append(f"{action} {index}")
                run.bases.append(tuple(ctx.get(base) for base in dut.bases))
                assert not self.due.get(done), f"{action} {index} does not wait for the one before"
                self.due[done] = self.cycles.get(action, 3)
                if action == "store":
                    self.due["store_read"] = 2


def status(ctx: Any, dut: Sequencer) -> list[str]:
    names = ("done", "read_error", "write_error", "illegal")
    return [name for name in names if ctx.get(getattr(dut, name))]


@pytest.mark.parametrize("frames", [1, 3])
def test_setup_once_and_the_frame_as_often_as_asked(simulate: Simulate, frames: int) -> None:
    dut = Sequencer(instructions=16)

    async def bench(ctx: Any) -> None:
        for _ in range(2):
            run = await Stage(dut, PROGRAM).run(ctx, frames)
            assert run.actions == SETUP + frames * FRAME
            assert run.retired == [0, 1, *(frames * [2, 3, 4, 5])]
            assert status(ctx, dut) == ["done"]
            assert ctx.get(dut.frames_done) == frames
            bases = [(0x1000, 0x2040 + frame * 0x40, 0x3000 + frame * 0x80, 0) for frame in range(frames)]
            assert run.bases == [(0x1000, 0x2000, 0x3000, 0), *(base for base in bases for _ in FRAME)]

    simulate(dut, bench)


@pytest.mark.parametrize("cycles", [1, 5, 90])
def test_transfers_go_on_behind_instructions_until_they_are_needed(simulate: Simulate, cycles: int) -> None:
    dut = Sequencer(instructions=16)
    frame = ["load 2", "layer 3", "store 4", "store 5"]

    async def bench(ctx: Any) -> None:
        stage = Stage(dut, PREFETCHING)
        stage.cycles = {"load": cycles, "store": cycles}
        run = await stage.run(ctx, 3)
        assert run.actions == [*SETUP, *frame, *frame, *frame[1:]], "the last frame has none after it"
        assert run.retired == [0, 1, *(3 * [2, 3, 4, 5, 6])]
        assert [base[1] for base, action in zip(run.bases, run.actions, strict=True) if "load" in action] == [
            *(0x2000, 0x2040, 0x2080)
        ]
        assert "write_done" not in stage.due, "done before the last write was answered"
        assert status(ctx, dut) == ["done"]

    simulate(dut, bench)


def test_a_run_does_not_end_before_its_transfers(simulate: Simulate) -> None:
    dut = Sequencer(instructions=16)

    async def bench(ctx: Any) -> None:
        stage = Stage(dut, PREFETCHING)
        stage.cycles = {"load": 200}
        stage.at_action = {2: lambda ctx: ctx.set(dut.abort, 1)}
        run = await stage.run(ctx, 9)
        assert run.actions == [*SETUP, "load 2", "layer 3"]
        assert "read_done" not in stage.due

    simulate(dut, bench)


def test_abort_ends_the_run_after_the_instruction_under_way(simulate: Simulate) -> None:
    dut = Sequencer(instructions=16)

    async def bench(ctx: Any) -> None:
        stage = Stage(dut, PROGRAM)
        stage.at_action = {5: lambda ctx: ctx.set(dut.abort, 1)}
        run = await stage.run(ctx, 9)
        assert run.actions == SETUP + FRAME + FRAME[:2]
        assert status(ctx, dut) == ["done"]
        assert ctx.get(dut.frames_done) == 1
        ctx.set(dut.abort, 0)
        await ctx.tick()
        assert (await Stage(dut, PROGRAM).run(ctx, 1)).actions == SETUP + FRAME

    simulate(dut, bench)


@pytest.mark.parametrize(("flag", "error"), [("read_failed", "read_error"), ("write_failed", "write_error")])
def test_bus_errors_end_the_run_and_are_shown_until_the_next(
    simulate: Simulate, flag: str, error: str
) -> None:
    dut = Sequencer(instructions=16)

    async def bench(ctx: Any) -> None:
        stage = Stage(dut, PROGRAM)
        stage.at_action = {1: lambda ctx: ctx.set(getattr(dut, flag), 1)}
        run = await stage.run(ctx, 9)
        assert run.actions == SETUP + FRAME[:1]
        assert status(ctx, dut) == ["done", error]
        ctx.set(getattr(dut, flag), 0)
        run = await Stage(dut, PROGRAM).run(ctx, 1)
        assert run.actions == SETUP + FRAME
        assert status(ctx, dut) == ["done"]

    simulate(dut, bench)


@pytest.mark.parametrize("opcode", [6, 9, 15])
def test_unknown_opcodes_end_the_run(simulate: Simulate, opcode: int) -> None:
    dut = Sequencer(instructions=16)

    async def bench(ctx: Any) -> None:
        run = await Stage(dut, (*PROGRAM[:4], opcode, Opcode.END)).run(ctx, 2)
        assert run.actions == SETUP + FRAME[:2]
        assert status(ctx, dut) == ["done", "illegal"]
        assert ctx.get(dut.frames_done) == 0

    simulate(dut, bench)
