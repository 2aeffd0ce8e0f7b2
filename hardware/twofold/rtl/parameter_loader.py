"""Fetches an output block's bias and requantisation parameters while its first sweeps run."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.isa import ADDRESS_BITS


class ParameterLoader(wiring.Component):
    """Reads 1 + `words` words for each output block, in order.

    `restart` sets the address and begins the first block; `begin`, given with the last pixel of a block
    that enters the pipeline, begins the next one. After the last block there is no `begin`.

    A block's first word is its bias. It is on `bias` 3 cycles after `restart`, or in the cycle after
    `take`, which comes with the last pixel of the block before as that one meets its partial sum, at
    least 3 cycles after `begin`. The other words overwrite what the block before still uses, so they wait
    until `drain` cycles after `begin`; after the last of them `ready` rises. It falls with `begin`.

    words: requantisation words of a block; 0 for a layer whose sums stay sums.
    address, data: read port of the parameter memory, one cycle of latency.
    valid, index, word: to the requantiser.
    """

    def __init__(self, word_bits: int, index_bits: int, drain: int):
        self.drain = drain
        super().__init__(
            {
                "restart": In(1),
                "begin": In(1),
                "take": In(1),
                "base": In(ADDRESS_BITS),
                "words": In(index_bits + 1),
                "address": Out(ADDRESS_BITS),
                "data": In(word_bits),
                "bias": Out(word_bits),
                "valid": Out(1),
                "index": Out(unsigned(index_bits)),
                "word": Out(word_bits),
                "ready": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        wait = Signal(range(self.drain + 1))
        left = Signal(self.words.shape())
        next_bias, initial = Signal(self.bias.shape(), reset_less=True), Signal()
        with m.If(self.take):
            m.d.sync += self.bias.eq(next_bias)
        m.d.comb += self.word.eq(self.data)
        m.d.sync += self.valid.eq(0)
        with m.If(self.valid):
            m.d.sync += self.index.eq(self.index + 1)
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.restart | self.begin):
                    m.d.sync += [self.ready.eq(0), wait.eq(self.drain), initial.eq(self.restart)]
                    m.next = "READ BIAS"
                with m.If(self.restart):
                    m.d.sync += [self.address.eq(self.base), wait.eq(0)]
            with m.State("READ BIAS"):
                m.d.sync += self.address.eq(self.address + 1)
                m.next = "TAKE BIAS"
            with m.State("TAKE BIAS"):
                m.d.sync += [next_bias.eq(self.data), left.eq(self.words), self.index.eq(0)]
                with m.If(initial):
                    m.d.sync += self.bias.eq(self.data)
                m.next = "DRAIN"
            with m.State("DRAIN"):
                m.d.sync += wait.eq(wait - 1)
                with m.If(wait == 0):
                    m.d.sync += wait.eq(0)
                    m.next = "READ"
            with m.State("READ"):
                with m.If(left == 0):
                    m.d.sync += self.ready.eq(1)
                    m.next = "IDLE"
                with m.Else():
                    m.d.sync += [self.address.eq(self.address + 1), self.valid.eq(1), left.eq(left - 1)]
        return m
