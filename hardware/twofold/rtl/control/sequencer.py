"""Runs a program: fetches instructions in order, starts what executes them, repeats the frame."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.control.run_errors import CAUSE_BITS, NO_INSTRUCTION, Cause
from twofold.rtl.isa import Opcode

_STATES = {
    Opcode.END: "END OF FRAME",
    Opcode.FRAME: "FRAME",
    Opcode.LOAD: "LOAD",
    Opcode.STORE: "STORE",
    Opcode.LAYER: "LAYER",
    Opcode.PREFETCH: "PREFETCH",
}
"""In which an instruction is issued."""


_RUN = {
    **dict.fromkeys(("start", "abort"), In(1)),
    "run_cause": In(CAUSE_BITS),
    **dict.fromkeys(("frames", "model_address", "input_address", "output_address"), In(32)),
    **dict.fromkeys(("input_stride", "output_stride"), In(32)),
    **dict.fromkeys(("busy", "done", "aborted"), Out(1)),
    "cause": Out(CAUSE_BITS),
    "error_index": Out(16),
    "frames_done": Out(32),
}
_ACTIONS = {
    **dict.fromkeys(("start_load", "start_store", "start_layer", "stop"), Out(1)),
    **dict.fromkeys(("read_done", "read_failed", "store_read", "write_done", "write_failed"), In(1)),
    **dict.fromkeys(("layer_done", "drained", "out_of_bounds", "stalled"), In(1)),
}
_COUNTED = dict.fromkeys(("first", "retire", "executes_layer", "waits_read", "waits_write"), Out(1))


def _program(index):
    return {
        "length": In(index),
        **dict.fromkeys(("load_program", "loading_program", "fetch", "take"), Out(1)),
        "fetch_index": Out(index),
        "fetched": In(1),
        "fetch_opcode": In(4),
        "fetch_cause": In(CAUSE_BITS),
        "index": Out(index),
    }


class Sequencer(wiring.Component):
    """The engine's state machine.

    A run: `start` → program loaded → for each instruction, fetch and execute → `done`. FRAME marks the
    instruction after which each further frame begins, and moves the input's base to the second frame; END
    moves `bases` of input and output by their strides. PREFETCH does nothing in the last frame. The next
    instruction is fetched as one executes: if it is there in time, it is issued `ISSUE` cycles after the end
    of the one before.

    `abort` and errors end the run: at once if a layer executes, else when the instruction and the transfers
    under way have ended, but for `stalled`. Then `stop` is high for a cycle. The next run begins when a
    stalled one's transfers have ended and the pixels of a layer that was dropped are out of the way.

    start, abort: pulses. frames to output_stride: of the run, stable while `busy`. length: of the program in
    instructions. run_cause: what is wrong with these registers.
    load_program, start_load, start_store, start_layer: pulses that begin an action; read_done,
    write_done, layer_done end it. store_read: no word of the chip is still to be read for a store.
    drained: no pixel is on its way, as seen from the second cycle after `stop` on.
    read_failed, write_failed, out_of_bounds, stalled: errors on the bus, of the layer, of the watchdog.
    fetch, fetch_index → fetched, fetch_opcode, fetch_cause: the next instruction. take: it becomes the
    current one, `index`. first: the cycle in which the first is fetched. retire: the current one has ended.
    executes_layer, waits_read, waits_write: for counters.
    cause, error_index: the first error of the run and whose it is; see `run_errors`.
    bases: byte addresses of model, input, output.
    """

    ISSUE = 2

    def __init__(self, instructions: int):
        index = range(instructions + 1)
        super().__init__({**_RUN, **_program(index), **_ACTIONS, **_COUNTED})
        self.input_base, self.output_base = Signal(32), Signal(32)
        self._reading, self._writing, self._last_frame = Signal(), Signal(), Signal()
        self._running, self._in_frame = Signal(), Signal()
        self._failed, self._error, self._stuck, self._refused = Signal(), Signal(), Signal(), Signal()
        self._check = Signal(CAUSE_BITS)
        self._frame_index, self._next_index = Signal(index), Signal(index)
        # whose error it is: an index, or a number that none has
        self._nobody = (2 << instructions.bit_length()) - 1
        self._reader, self._writer, self._place = (Signal(range(self._nobody + 1)) for _ in range(3))

    @property
    def bases(self):
        return (self.model_address, self.input_base, self.output_base, Const(0, 32))

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.error_index.eq(Mux(self._place == self._nobody, NO_INSTRUCTION, self._place))
        final = Signal(32)
        m.d.sync += [final.eq(self.frames - 1), self._last_frame.eq(self.frames_done >= final)]
        self._transfers(m)
        self._errors(m)
        idle = ~self._reading & ~self._writing
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                self._begin(m)
            with m.State("BUS"), self._when(m, idle & self.drained):
                m.d.comb += self.load_program.eq(1)
                m.d.sync += self._running.eq(1)
                m.next = "PROGRAM"
            with m.State("PROGRAM"):
                m.d.comb += [self.loading_program.eq(1), self.waits_read.eq(1)]
                with m.If(self.read_done | self._stuck):  # what is on its way is no word of a LOAD
                    m.next = "FIRST"
            with m.State("FIRST"):
                m.d.comb += [self.first.eq(1), self.fetch.eq(1)]
                m.next = "TAKE"
            with m.State("TAKE"), self._when(m, self.fetched):
                self._take(m)
            self._instructions(m, idle)
            with m.State("END"), m.If(idle | self._stuck):
                self._end(m)
        return m

    def _instructions(self, m, idle):
        """A state for each opcode, in which it begins, so that little logic is before the pulses."""
        with m.State("FRAME"), self._when(m, 1):
            self._begin_frames(m)
        with m.State("LOAD"):
            m.d.comb += self.waits_read.eq(self._reading)
            with self._when(m, ~self._reading):
                m.d.comb += self.start_load.eq(1)
                m.next = "LOADING"
        with m.State("LOADING"):
            m.d.comb += self.waits_read.eq(1)
            with self._when(m, ~self._reading):
                self._next(m)
        with m.State("PREFETCH"):
            m.d.comb += self.waits_read.eq(self._reading)
            with self._when(m, ~self._reading):
                m.d.comb += self.start_load.eq(~self._last_frame)
                self._next(m)
        with m.State("STORE"):
            m.d.comb += self.waits_write.eq(self._writing)
            with self._when(m, ~self._writing):
                m.d.comb += self.start_store.eq(1)
                m.next = "STORING"
        with m.State("STORING"):
            m.d.comb += self.waits_write.eq(1)
            with self._when(m, self.store_read):
                self._next(m)
        with m.State("LAYER"), self._when(m, 1):
            m.d.comb += self.start_layer.eq(1)
            m.next = "SWEEPING"
        with m.State("SWEEPING"):
            m.d.comb += self.executes_layer.eq(1)
            with self._when(m, self.layer_done):
                self._next(m)
        with m.State("END OF FRAME"):
            m.d.comb += [
                self.waits_read.eq(self._reading),
                self.waits_write.eq(~self._reading & self._writing),
            ]
            with self._when(m, idle):
                self._end_frame(m)

    def _when(self, m, ready):
        """A state's step: to END after an error, else what follows, as soon as `ready`."""
        with m.If(self._failed):
            m.next = "END"
        return m.Elif(ready)

    def _transfers(self, m):
        """What is under way on the bus behind the instructions, and since which one."""
        with m.If(self.start_load | self.load_program):
            m.d.sync += self._reading.eq(1)
        with m.Elif(self.read_done):
            m.d.sync += self._reading.eq(0)
        with m.If(self.start_store):
            m.d.sync += self._writing.eq(1)
        with m.Elif(self.write_done):
            m.d.sync += self._writing.eq(0)
        for begin, place in ((self.start_load, self._reader), (self.start_store, self._writer)):
            with m.If(begin):
                m.d.sync += place.eq(self.index)

    def _errors(self, m):
        """Keeps the first error of a run and the instruction whose it is, 2 cycles after it came."""
        came_in = Cat(self.read_failed, self.write_failed, self.out_of_bounds)
        bus_and_layer = came_in & self._running.replicate(len(came_in))
        m.d.sync += self._error.eq(self.aborted | self._stuck | bus_and_layer.any() | self.cause.any())
        m.d.comb += self._failed.eq(self._error | self._refused)
        with m.If(self.abort & self.busy):
            m.d.sync += self.aborted.eq(1)
        with m.If(self.stalled & self.busy):
            m.d.sync += self._stuck.eq(1)
        stalls = self.stalled & self.busy
        errors = (
            (bus_and_layer[0], Cause.READ_RESPONSE, self._reader),
            (bus_and_layer[1], Cause.WRITE_RESPONSE, self._writer),
            (bus_and_layer[2], Cause.BOUNDS, self.index),
            (self._refused, self._check, self.index),
            (stalls & self.executes_layer, Cause.LAYER_STALLED, self.index),
            (stalls & self._reading, Cause.READ_STALLED, self._reader),
            (stalls, Cause.WRITE_STALLED, self._writer),
        )
        came = Signal(len(errors))
        m.d.sync += came.eq(Cat(condition for condition, _, _ in errors))
        with m.If(self.cause == Cause.NONE):
            for number in reversed(range(len(errors))):  # the first of them wins
                with m.If(came[number]):
                    _, cause, place = errors[number]
                    m.d.sync += [self.cause.eq(cause), self._place.eq(place)]

    def _begin(self, m):
        flags = (self.done, self.aborted, self._stuck, self._in_frame)
        m.d.sync += [
            self.busy.eq(1),
            *(flag.eq(0) for flag in flags),
            self.cause.eq(self.run_cause),
            self._error.eq(self.run_cause != Cause.NONE),
            *(place.eq(self._nobody) for place in (self._place, self._reader, self._writer)),
            self.frames_done.eq(0),
            self._next_index.eq(0),
            self.input_base.eq(self.input_address),
            self.output_base.eq(self.output_address),
        ]
        m.next = "BUS"

    def _end(self, m):
        m.d.comb += self.stop.eq(1)
        m.d.sync += [self.busy.eq(0), self.done.eq(1), self._running.eq(0), self._refused.eq(0)]
        m.next = "IDLE"

    def _take(self, m):
        """The next instruction becomes the current one, and the one after it is fetched."""
        ends = self.fetch_opcode == Opcode.END
        m.d.comb += [
            self.take.eq(1),
            self.fetch.eq(1),
            self.fetch_index.eq(Mux(ends, self._frame_index, self._next_index) + 1),
        ]
        m.d.sync += [
            self.index.eq(self._next_index),
            self._next_index.eq(self.fetch_index),
            self._check.eq(self.fetch_cause),
        ]
        no_frame, no_end = ends & ~self._in_frame, self._next_index == self.length
        m.d.sync += self._refused.eq((self.fetch_cause != Cause.NONE) | no_frame | no_end)
        with m.If(no_frame):
            m.d.sync += self._check.eq(Cause.NO_FRAME)
        with m.If(no_end):
            m.d.sync += self._check.eq(Cause.NO_END)
        with m.Switch(self.fetch_opcode):
            for opcode, state in _STATES.items():
                with m.Case(opcode):
                    m.next = state
            with m.Default():  # refused there
                m.next = _STATES[Opcode.FRAME]

    def _begin_frames(self, m):
        m.d.sync += [
            self._in_frame.eq(1),
            self._frame_index.eq(self.index),
            self.input_base.eq(self.input_base + self.input_stride),
        ]
        self._next(m)

    def _next(self, m):
        m.d.comb += self.retire.eq(1)
        m.next = "TAKE"

    def _end_frame(self, m):
        m.d.sync += [
            self.frames_done.eq(self.frames_done + 1),
            self.input_base.eq(self.input_base + self.input_stride),
            self.output_base.eq(self.output_base + self.output_stride),
        ]
        self._next(m)
        with m.If(self._last_frame):
            m.next = "END"
