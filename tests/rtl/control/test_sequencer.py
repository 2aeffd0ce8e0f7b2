"""The sequencer with stand-ins for what it starts: order, frames, and every way to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from amaranth.hdl import Elaboratable

from twofold.rtl.control.run_errors import NO_INSTRUCTION, Cause
from twofold.rtl.control.sequencer import Sequencer
from twofold.rtl.isa import Opcode

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
LONGEST = 16


@dataclass
class Run:
    """What happened: actions with the index of their instruction, retired indices, bases at each action."""

    actions: list[str] = field(default_factory=list)
    retired: list[int] = field(default_factory=list)
    bases: list[tuple[int, ...]] = field(default_factory=list)


class Stage:
    """Answers fetches with the program's opcodes 11 cycles later, and actions some cycles after their start.

    A store's words are read 2 cycles after its start. cycles: of the actions whose cycles are not 3. causes:
    what is wrong with which instruction.
    at_action, at_cycle: called with the context, in the cycle in which an action of that number starts, or in
    that cycle of the run. drained: at the run's start.
    """

    def __init__(self, sequencer: Sequencer, program: Sequence[int]) -> None:
        self.sequencer, self.program = sequencer, program
        self.at_action: dict[int, Callable[[Any], None]] = {}
        self.at_cycle: tuple[int, Callable[[Any], None]] = (-1, lambda ctx: None)
        self.drained = 1
        self.following = 0
        self.due: dict[str, int] = {}
        self.cycles: dict[str, int] = {}
        self.causes: dict[int, Cause] = {}

    async def run(self, ctx: Any, frames: int) -> Run:
        run, dut = Run(), self.sequencer
        settings = (
            ADDRESSES | STRIDES | {"frames": frames, "length": len(self.program), "drained": self.drained}
        )
        for name, value in settings.items():
            ctx.set(getattr(dut, name), value)
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        for cycle in range(LIMIT):
            if cycle == self.at_cycle[0]:
                self.at_cycle[1](ctx)
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
        known = self.following < len(self.program)
        ctx.set(self.sequencer.fetch_opcode, self.program[self.following] if known else 0)
        ctx.set(self.sequencer.fetch_cause, self.causes.get(self.following, Cause.NONE))
        for name in ("read_done", "write_done", "layer_done"):
            ctx.set(getattr(self.sequencer, name), self.due.get(name) == 0)
        for name in BUS_ERRORS.keys() & self.due.keys():
            ctx.set(getattr(self.sequencer, name), self.due[name] == 0)
        for name in ("fetched", "store_read"):
            ctx.set(getattr(self.sequencer, name), self.due.get(name, 0) == 0)

    def _watch(self, ctx: Any, run: Run) -> None:
        dut = self.sequencer
        index = ctx.get(dut.index)
        if ctx.get(dut.load_program):
            self.due["read_done"] = 5
        if ctx.get(dut.fetch):
            self.following = ctx.get(dut.fetch_index)
            self.due["fetched"] = 11
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


def outcome(ctx: Any, dut: Sequencer) -> tuple[Cause, int]:
    assert ctx.get(dut.done)
    return Cause(ctx.get(dut.cause)), ctx.get(dut.error_index)


NO_ERROR = (Cause.NONE, NO_INSTRUCTION)


@pytest.mark.parametrize("frames", [1, 3])
def test_setup_once_and_the_frame_as_often_as_asked(simulate: Simulate, frames: int) -> None:
    dut = Sequencer(instructions=LONGEST)

    async def bench(ctx: Any) -> None:
        for _ in range(2):
            run = await Stage(dut, PROGRAM).run(ctx, frames)
            assert run.actions == SETUP + frames * FRAME
            assert run.retired == [0, 1, *(frames * [2, 3, 4, 5])]
            assert outcome(ctx, dut) == NO_ERROR
            assert ctx.get(dut.frames_done) == frames
            bases = [(0x1000, 0x2040 + frame * 0x40, 0x3000 + frame * 0x80, 0) for frame in range(frames)]
            assert run.bases == [(0x1000, 0x2000, 0x3000, 0), *(base for base in bases for _ in FRAME)]

    simulate(dut, bench)


@pytest.mark.parametrize("cycles", [1, 5, 90])
def test_transfers_go_on_behind_instructions_until_they_are_needed(simulate: Simulate, cycles: int) -> None:
    dut = Sequencer(instructions=LONGEST)
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
        assert outcome(ctx, dut) == NO_ERROR

    simulate(dut, bench)


def test_a_run_does_not_end_before_its_transfers(simulate: Simulate) -> None:
    dut = Sequencer(instructions=LONGEST)

    async def bench(ctx: Any) -> None:
        stage = Stage(dut, PREFETCHING)
        stage.cycles = {"load": 200}
        stage.at_action = {2: lambda ctx: ctx.set(dut.abort, 1)}
        run = await stage.run(ctx, 9)
        assert run.actions == [*SETUP, "load 2", "layer 3"]
        assert "read_done" not in stage.due

    simulate(dut, bench)


def test_abort_ends_the_run_and_not_the_next(simulate: Simulate) -> None:
    dut = Sequencer(instructions=LONGEST)

    async def bench(ctx: Any) -> None:
        stage = Stage(dut, PROGRAM)
        stage.at_action = {5: lambda ctx: ctx.set(dut.abort, 1)}
        run = await stage.run(ctx, 9)
        assert run.actions == SETUP + FRAME + FRAME[:2]
        assert outcome(ctx, dut) == NO_ERROR
        assert ctx.get(dut.aborted)
        assert ctx.get(dut.frames_done) == 1
        ctx.set(dut.abort, 0)
        await ctx.tick()
        assert (await Stage(dut, PROGRAM).run(ctx, 1)).actions == SETUP + FRAME
        assert not ctx.get(dut.aborted)

    simulate(dut, bench)


def test_a_run_waits_for_pixels_of_the_one_before(simulate: Simulate) -> None:
    dut = Sequencer(instructions=LONGEST)

    async def bench(ctx: Any) -> None:
        stage, loads = Stage(dut, PROGRAM), []
        stage.drained = 0

        def drain(ctx: Any) -> None:
            loads.append(stage.due)
            ctx.set(dut.drained, 1)

        stage.at_cycle = (60, drain)
        assert (await stage.run(ctx, 1)).actions == SETUP + FRAME
        assert loads == [{}], "the program is read before"
        assert outcome(ctx, dut) == NO_ERROR

    simulate(dut, bench)


def test_abort_ends_a_run_that_waits(simulate: Simulate) -> None:
    dut = Sequencer(instructions=LONGEST)

    async def bench(ctx: Any) -> None:
        stage = Stage(dut, PROGRAM)
        stage.drained = 0
        stage.at_cycle = (60, lambda ctx: ctx.set(dut.abort, 1))
        assert not (await stage.run(ctx, 1)).actions
        assert ctx.get(dut.aborted)

    simulate(dut, bench)


def test_a_program_is_loaded_to_its_end_even_if_aborted(simulate: Simulate) -> None:
    dut = Sequencer(instructions=LONGEST)

    async def bench(ctx: Any) -> None:
        ctx.set(dut.drained, 1)
        for name in ("start", "abort"):
            ctx.set(getattr(dut, name), 1)
            await ctx.tick()
            ctx.set(getattr(dut, name), 0)
            await ctx.tick()
        for _ in range(20):
            assert ctx.get(dut.loading_program), "the rest of the program is taken for a LOAD's words"
            await ctx.tick()
        ctx.set(dut.read_done, 1)
        assert ctx.get(dut.loading_program)
        await ctx.tick().until(dut.done)
        assert ctx.get(dut.aborted)
        assert outcome(ctx, dut) == NO_ERROR

    simulate(dut, bench)


BUS_ERRORS = {
    "read_failed": (1, Cause.READ_RESPONSE, 2),
    "write_failed": (3, Cause.WRITE_RESPONSE, 4),
    "out_of_bounds": (2, Cause.BOUNDS, 3),
}


@pytest.mark.parametrize("flag", BUS_ERRORS)
def test_errors_end_the_run_and_are_shown_until_the_next(simulate: Simulate, flag: str) -> None:
    dut, (action, cause, index) = Sequencer(instructions=LONGEST), BUS_ERRORS[flag]

    async def bench(ctx: Any) -> None:
        stage = Stage(dut, PROGRAM)
        stage.cycles = {"store": 9}
        stage.at_action = {action: lambda ctx: stage.due.update({flag: 2})}
        run = await stage.run(ctx, 9)
        assert run.actions[: action + 1] == (SETUP + FRAME)[: action + 1]
        assert outcome(ctx, dut) == (cause, index)
        ctx.set(getattr(dut, flag), 0)
        run = await Stage(dut, PROGRAM).run(ctx, 1)
        assert run.actions == SETUP + FRAME
        assert outcome(ctx, dut) == NO_ERROR

    simulate(dut, bench)


@pytest.mark.parametrize("cause", [Cause.OPCODE, Cause.RANGE])
def test_what_is_wrong_with_an_instruction_ends_the_run_before_it(simulate: Simulate, cause: Cause) -> None:
    dut = Sequencer(instructions=LONGEST)

    async def bench(ctx: Any) -> None:
        stage = Stage(dut, PROGRAM)
        stage.causes = {4: cause}
        run = await stage.run(ctx, 2)
        assert run.actions == SETUP + FRAME[:2]
        assert outcome(ctx, dut) == (cause, 4)
        assert ctx.get(dut.frames_done) == 0
        assert (await Stage(dut, PROGRAM).run(ctx, 1)).actions == SETUP + FRAME
        assert outcome(ctx, dut) == NO_ERROR

    simulate(dut, bench)


@pytest.mark.parametrize(
    ("program", "cause", "index"),
    [
        (PROGRAM[:5], Cause.NO_END, 5),
        ((Opcode.LOAD, Opcode.LAYER, Opcode.END), Cause.NO_FRAME, 2),
        ((Opcode.FRAME,) * LONGEST, Cause.NO_END, LONGEST),
    ],
)
def test_programs_without_their_frame_end_with_an_error(
    simulate: Simulate, program: Sequence[int], cause: Cause, index: int
) -> None:
    dut = Sequencer(instructions=LONGEST)

    async def bench(ctx: Any) -> None:
        await Stage(dut, program).run(ctx, 2)
        assert outcome(ctx, dut) == (cause, index)

    simulate(dut, bench)


def test_a_wrong_register_ends_the_run_before_it_reads(simulate: Simulate) -> None:
    dut = Sequencer(instructions=LONGEST)

    async def bench(ctx: Any) -> None:
        ctx.set(dut.run_cause, Cause.NO_FRAMES)
        run = await Stage(dut, PROGRAM).run(ctx, 0)
        assert not run.actions
        assert outcome(ctx, dut) == (Cause.NO_FRAMES, NO_INSTRUCTION)

    simulate(dut, bench)


STALLS = {
    "load": (Cause.READ_STALLED, 0),
    "layer": (Cause.LAYER_STALLED, 3),
    "store": (Cause.WRITE_STALLED, 4),
}


@pytest.mark.parametrize("action", STALLS)
def test_a_stall_ends_the_run_and_the_next_waits_for_the_transfer(simulate: Simulate, action: str) -> None:
    dut = Sequencer(instructions=LONGEST)

    async def bench(ctx: Any) -> None:
        stage = Stage(dut, PROGRAM)
        stage.cycles = {action: 1500}
        stage.at_cycle = (400, lambda ctx: ctx.set(dut.stalled, 1))
        await stage.run(ctx, 1)
        ctx.set(dut.stalled, 0)
        assert outcome(ctx, dut) == STALLS[action]
        if action == "layer":
            stage.due.clear()
        again = Stage(dut, PROGRAM)
        again.due = stage.due
        assert (await again.run(ctx, 1)).actions == SETUP + FRAME
        assert outcome(ctx, dut) == NO_ERROR

    simulate(dut, bench)
