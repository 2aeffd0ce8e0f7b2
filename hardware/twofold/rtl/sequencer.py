"""Runs a program: fetches instructions in order, starts what executes them, repeats the frame."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.isa import Opcode


class Sequencer(wiring.Component):
    """The engine's state machine.

    A run: `start` → program loaded → for each instruction, fetch and execute → `done`. FRAME marks the
    instruction after which each further frame begins, and moves the input's base to the second frame; END
    moves `bases` of input and output by their strides. PREFETCH does nothing in the last frame. `abort`
    and errors end the run when the instruction and the transfers under way have ended. An instruction
    that waits for nothing takes `OVERHEAD` cycles more than its fetch.

    start, abort: pulses. frames to output_stride: of the run, stable while `busy`.
    load_program, start_load, start_store, start_layer: pulses that begin an action; read_done,
    write_done, layer_done end it. store_read: no word of the chip is still to be read for a store.
    read_failed, write_failed: sticky flags of the DMAs.
    fetch, index → fetched, opcode: instruction fetch. retire: pulse, instruction `index` has ended.
    bases: byte addresses of model, input, output.
    """

    OVERHEAD = 1

    def __init__(self, instructions: int):
        self.instructions = instructions
        super().__init__(
            {
                "start": In(1),
                "abort": In(1),
                "frames": In(32),
                "model_address": In(32),
                "input_address": In(32),
                "output_address": In(32),
                "input_stride": In(32),
                "output_stride": In(32),
                "busy": Out(1),
                "done": Out(1),
                "read_error": Out(1),
                "write_error": Out(1),
                "illegal": Out(1),
                "frames_done": Out(32),
                "load_program": Out(1),
                "loading_program": Out(1),
                "fetch": Out(1),
                "index": Out(range(instructions)),
                "fetched": In(1),
                "opcode": In(4),
                "start_load": Out(1),
                "read_done": In(1),
                "read_failed": In(1),
                "start_store": Out(1),
                "store_read": In(1),
                "write_done": In(1),
                "write_failed": In(1),
                "start_layer": Out(1),
                "layer_done": In(1),
                "retire": Out(1),
            }
        )
        self.input_base, self.output_base = Signal(32), Signal(32)
        self._reading, self._writing, self._last_frame = Signal(), Signal(), Signal()

    @property
    def bases(self):
        return (self.model_address, self.input_base, self.output_base, Const(0, 32))

    def elaborate(self, platform):
        m = Module()
        aborting, failed = Signal(), Signal()
        frame_index = Signal.like(self.index)
        m.d.comb += failed.eq(aborting | self.read_failed | self.write_failed)
        m.d.sync += self._last_frame.eq(self.frames_done + 1 >= self.frames)
        with m.If(self.abort & self.busy):
            m.d.sync += aborting.eq(1)
        self._transfers(m)
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                self._begin(m, aborting)
            with m.State("LOAD PROGRAM"):
                m.d.comb += self.load_program.eq(1)
                m.next = "PROGRAM"
            with m.State("PROGRAM"):
                m.d.comb += self.loading_program.eq(1)
                with m.If(self.read_done):
                    m.next = "FETCH"
            with m.State("FETCH"):
                m.d.comb += self.fetch.eq(1)
                m.next = "DECODE"
                with m.If(failed):
                    m.next = "END"
            with m.State("DECODE"), m.If(self.fetched):
                self._dispatch(m, frame_index)
            with m.State("LOAD"), m.If(~self._reading):
                self._next(m)
            with m.State("STORE"), m.If(self.store_read):
                self._next(m)
            with m.State("LAYER"), m.If(self.layer_done):
                self._next(m)
            with m.State("END"), m.If(~self._reading & ~self._writing):
                self._end(m)
        return m

    def _transfers(self, m):
        """What is under way on the bus behind the instructions."""
        with m.If(self.start_load):
            m.d.sync += self._reading.eq(1)
        with m.Elif(self.read_done):
            m.d.sync += self._reading.eq(0)
        with m.If(self.start_store):
            m.d.sync += self._writing.eq(1)
        with m.Elif(self.write_done):
            m.d.sync += self._writing.eq(0)

    def _begin(self, m, aborting):
        flags = (self.done, self.illegal, self.read_error, self.write_error, aborting)
        m.d.sync += [
            self.busy.eq(1),
            *(flag.eq(0) for flag in flags),
            self.frames_done.eq(0),
            self.index.eq(0),
            self.input_base.eq(self.input_address),
            self.output_base.eq(self.output_address),
        ]
        m.next = "LOAD PROGRAM"

    def _end(self, m):
        m.d.sync += [
            self.busy.eq(0),
            self.done.eq(1),
            self.read_error.eq(self.read_failed),
            self.write_error.eq(self.write_failed),
        ]
        m.next = "IDLE"

    def _next(self, m):
        m.d.comb += self.retire.eq(1)
        m.d.sync += self.index.eq(self.index + 1)
        m.next = "FETCH"

    def _dispatch(self, m, frame_index):
        with m.Switch(self.opcode):
            with m.Case(Opcode.FRAME):
                m.d.sync += [
                    frame_index.eq(self.index),
                    self.input_base.eq(self.input_base + self.input_stride),
                ]
                self._next(m)
            with m.Case(Opcode.LOAD), m.If(~self._reading):
                m.d.comb += self.start_load.eq(1)
                m.next = "LOAD"
            with m.Case(Opcode.PREFETCH), m.If(~self._reading):
                m.d.comb += self.start_load.eq(~self._last_frame)
                self._next(m)
            with m.Case(Opcode.STORE), m.If(~self._writing):
                m.d.comb += self.start_store.eq(1)
                m.next = "STORE"
            with m.Case(Opcode.LAYER):
                m.d.comb += self.start_layer.eq(1)
                m.next = "LAYER"
            with m.Case(Opcode.END), m.If(~self._reading & ~self._writing):
                self._end_frame(m, frame_index)
            with m.Default():
                m.d.sync += self.illegal.eq(1)
                m.next = "END"

    def _end_frame(self, m, frame_index):
        m.d.comb += self.retire.eq(1)
        m.d.sync += [
            self.frames_done.eq(self.frames_done + 1),
            self.input_base.eq(self.input_base + self.input_stride),
            self.output_base.eq(self.output_base + self.output_stride),
            self.index.eq(frame_index + 1),
        ]
        m.next = "FETCH"
        with m.If(self._last_frame):
            m.next = "END"
