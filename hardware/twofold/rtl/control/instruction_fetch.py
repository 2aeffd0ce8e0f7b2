"""The program memory and the fetch of one instruction while another executes."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from twofold.rtl.control.instruction_check import InstructionCheck
from twofold.rtl.geometry import BEAT_BITS
from twofold.rtl.isa import INSTRUCTION_BYTES, WORDS


class InstructionFetch(wiring.Component):
    """Holds a program; from `LATENCY` cycles after `fetch` on, instruction `index` is on `following`.

    ready: it has been there for the cycles in which it is checked; until the next `fetch`.
    take: `following` becomes `instruction`, from the next cycle on.
    rewind: the next beat is the program's first. valid, beat: one 64-bit word of the program.
    """

    LATENCY = WORDS + 2 + InstructionCheck.LATENCY

    def __init__(self, instructions: int):
        self.depth = instructions * WORDS
        super().__init__(
            {
                "rewind": In(1),
                "valid": In(1),
                "beat": In(BEAT_BITS),
                "fetch": In(1),
                "index": In(range(instructions + 1)),
                "ready": Out(1),
                "following": Out(8 * INSTRUCTION_BYTES),
                "take": In(1),
                "instruction": Out(8 * INSTRUCTION_BYTES),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=unsigned(BEAT_BITS), depth=self.depth, init=[])
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [write.data.eq(self.beat), write.en.eq(self.valid)]
        with m.If(self.valid):
            m.d.sync += write.addr.eq(write.addr + 1)
        with m.If(self.rewind):
            m.d.sync += write.addr.eq(0)
        left, taking = Signal(range(WORDS + 1)), Signal()
        checked = Signal(InstructionCheck.LATENCY + 1)
        m.d.comb += self.ready.eq(checked[-1])
        m.d.sync += [taking.eq(left != 0), checked[1:].eq(checked[:-1])]
        with m.If(taking & (left == 0)):
            m.d.sync += checked[0].eq(1)
        with m.If(left != 0):
            m.d.sync += [left.eq(left - 1), read.addr.eq(read.addr + 1)]
        with m.If(taking):
            m.d.sync += self.following.eq(Cat(self.following, read.data)[BEAT_BITS:])
        with m.If(self.fetch):
            m.d.sync += [checked.eq(0), left.eq(WORDS), read.addr.eq(self.index * WORDS)]
        with m.If(self.take):
            m.d.sync += self.instruction.eq(self.following)
        return m
