"""Performance counters: cycles of a run, of each instruction, and of each cause of waiting."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out


class CycleCounters(wiring.Component):
    """Counts the cycles in which `busy` is high since `start`, and those from instruction to instruction,
    each a cycle after it.

    first: high in the cycle that counts as the first one of the first instruction. retire: instruction
    `index` has ended; its cycles, since the end of the one before, replace those of the frame before.
    run: cycles of the run. show → shown: cycles of an instruction, 1 cycle later.
    waits → waited: cycles of the run in which each of `causes` was high. inputs → total: sum over the run, at
    most `most` a cycle.
    """

    def __init__(self, instructions: int, causes: int, most: int):
        self.depth = instructions
        super().__init__(
            {
                "start": In(1),
                "busy": In(1),
                "first": In(1),
                "retire": In(1),
                "index": In(range(instructions + 1)),
                "waits": In(causes),
                "waited": Out(data.ArrayLayout(32, causes)),
                "inputs": In(range(most + 1)),
                "total": Out(32),
                "run": Out(64),
                "show": In(16),
                "shown": Out(32),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=unsigned(32), depth=self.depth, init=[])
        write, read = memory.write_port(), memory.read_port()
        first, retire, index, busy, waits, inputs = (
            self._later(m, name) for name in ("first", "retire", "index", "busy", "waits", "inputs")
        )
        since = Signal(32)
        m.d.sync += since.eq(since + 1)
        with m.If(busy):
            m.d.sync += [self.run.eq(self.run + 1), self.total.eq(self.total + inputs)]
        for wait, waited in zip(waits, self.waited, strict=True):
            with m.If(busy & wait):
                m.d.sync += waited.eq(waited + 1)
        with m.If(self.start & ~self.busy):
            m.d.sync += [self.run.eq(0), self.waited.as_value().eq(0), self.total.eq(0)]
        with m.If(first | retire):
            m.d.sync += since.eq(Mux(first, 2, 1))
        m.d.comb += [
            write.addr.eq(index),
            write.data.eq(since),
            write.en.eq(retire),
            read.addr.eq(self.show),
            self.shown.eq(read.data),
        ]
        return m

    def _later(self, m, name):
        """An input a cycle later, so that nothing is added to the logic that it comes from."""
        value = getattr(self, name)
        later = Signal(value.shape(), name=f"{name}_later")
        m.d.sync += later.eq(value)
        return later
