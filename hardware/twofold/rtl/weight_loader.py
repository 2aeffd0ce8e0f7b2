"""Feeds PE arrays with the weights of the next tile while the current one sweeps."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.countdown import Countdown
from twofold.rtl.isa import ADDRESS_BITS


class WeightLoader(wiring.Component):
    """Reads a tile's words one after the other from the weight memory, which is read in order.

    `restart` sets the address of the first tile. `load` begins the next tile; it must not come again within
    `words` + `more` cycles. The memory is read with one cycle of latency and its word registered once more;
    word i is at the PE arrays `LATENCY` + i cycles after `load`.

    words, more: with `load`: memory words of a tile, at least 1, and of a second kind's tile behind them, 0
    for none.
    address: of the weight memory; `reads` it in this cycle.
    valid, index, second: to the PE arrays, with the memory's registered word: word `index` of the first or
    the second kind's tile.
    """

    LATENCY = 3

    def __init__(self, index_bits: int, pairs: bool = False):
        self.pairs = pairs
        super().__init__(
            {
                "restart": In(1),
                "base": In(ADDRESS_BITS),
                "load": In(1),
                "words": In(index_bits + 1),
                "more": In(index_bits + 1),
                "address": Out(ADDRESS_BITS),
                "reads": Out(1),
                "valid": Out(1),
                "index": Out(unsigned(index_bits)),
                "second": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        left = Countdown(len(self.words), "left")
        reading, index = self.reads, Signal(self.index.shape())
        with m.If(self.load):
            m.d.sync += [*left.load(self.words), index.eq(0), reading.eq(1)]
        with m.Elif(reading):
            m.d.sync += [*left.step(), index.eq(index + 1), reading.eq(~left.last)]
        with m.If(self.restart):
            m.d.sync += self.address.eq(self.base)
        with m.Elif(reading):
            m.d.sync += self.address.eq(self.address + 1)
        if self.pairs:
            self._go_on(m, left, index)
        read_valid, read_index = Signal(), Signal(self.index.shape())
        m.d.sync += [
            read_valid.eq(reading),
            read_index.eq(index),
            self.valid.eq(read_valid),
            self.index.eq(read_index),
        ]
        return m

    def _go_on(self, m, left, index):
        """After the first kind's words, those of the second."""
        second, read_second, more = Signal(), Signal(), Signal(self.more.shape())
        with m.If(self.load):
            m.d.sync += [more.eq(self.more), second.eq(0)]
        with m.Elif(self.reads & left.last & ~second & (more != 0)):
            m.d.sync += [*left.load(more), index.eq(0), self.reads.eq(1), second.eq(1)]
        m.d.sync += [read_second.eq(second), self.second.eq(read_second)]
