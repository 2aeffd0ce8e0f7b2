"""Memories that are deeper than a power of two, by a second one behind the first."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from twofold.rtl.isa import ADDRESS_BITS


def depth_parts(depth: int) -> tuple[int, ...]:
    """The powers of two that add up to `depth`, the greater first."""
    return tuple(1 << place for place in reversed(range(depth.bit_length())) if depth >> place & 1)


class DeepMemory(wiring.Component):
    """`depth` words of `word_bits` bits; one port writes, one reads.

    depth: a power of two, or the sum of two, the second of which gives words from the first's end on.
    write, write_address, write_word: a word is written with the clock.
    word: what was at `address` one cycle ago; with two parts one LUT behind the memory's register.
    """

    def __init__(self, word_bits: int, depth: int):
        self.word_bits, self.depth = word_bits, depth
        super().__init__(
            {
                "write": In(1),
                "write_address": In(ADDRESS_BITS),
                "write_word": In(word_bits),
                "address": In(ADDRESS_BITS),
                "word": Out(word_bits),
            }
        )

    def elaborate(self, platform):
        m = Module()
        first, *second = depth_parts(self.depth)
        if not second:
            m.d.comb += self.word.eq(self._part(m, "words", first, self.write))
            return m
        beyond = first.bit_length() - 1
        writes_beyond, was_beyond = self.write_address[beyond], Signal()
        m.d.sync += was_beyond.eq(self.address[beyond])
        low = self._part(m, "first", first, self.write & ~writes_beyond)
        high = self._part(m, "second", *second, self.write & writes_beyond)
        m.d.comb += self.word.eq(Mux(was_beyond, high, low))
        return m

    def _part(self, m, name, depth, write):
        memory = Memory(shape=unsigned(self.word_bits), depth=depth, init=[])
        m.submodules[name] = memory
        port, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            port.en.eq(write),
            port.addr.eq(self.write_address),
            port.data.eq(self.write_word),
            read.addr.eq(self.address),
        ]
        return read.data
