"""Performance counters: cycles of a run and of each instruction."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out


class CycleCounters(wiring.Component):
    """Counts the cycles in which `busy` is high since `start`, and those from `fetch` to `retire`.

    retire: instruction `index` has ended; its cycles, fetch included, replace those of the frame before.
    run: cycles of the run. show → shown: cycles of an instruction, 1 cycle later.
    """

    def __init__(self, instructions: int):
        self.depth = instructions
        super().__init__(
            {
                "start": In(1),
                "busy": In(1),
                "fetch": In(1),
                "retire": In(1),
                "index": In(range(instructions)),
                "run": Out(64),
                "show": In(32),
                "shown": Out(32),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=unsigned(32), depth=self.depth, init=[])
        write, read = memory.write_port(), memory.read_port()
        since = Signal(32)
        m.d.sync += since.eq(since + 1)
        with m.If(self.busy):
            m.d.sync += self.run.eq(self.run + 1)
        with m.If(self.start & ~self.busy):
            m.d.sync += self.run.eq(0)
        with m.If(self.fetch):
            m.d.sync += since.eq(2)
        m.d.comb += [
            write.addr.eq(self.index),
            write.data.eq(since),
            write.en.eq(self.retire),
            read.addr.eq(self.show),
            self.shown.eq(read.data),
        ]
        return m
