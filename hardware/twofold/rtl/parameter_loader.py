"""Fetches an output group's biases and requantisation parameters while its first sweeps run."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.isa import ADDRESS_BITS, BANK_BITS


class ParameterLoader(wiring.Component):
    """Reads `blocks` biases and `blocks` times `words` words for each output group, in order.

    `restart` sets the address and begins the first group; `begin`, given with the last pixel of a group
    that enters the pipeline, begins the next one. After the last group there is no `begin`.

    Bias i of a group is on `data` with `bias_valid` 2 + i cycles after `restart` or `begin`; `initial` is
    high if it was `restart`. The other words overwrite what the group before still uses, so they wait
    until `drain` cycles after `begin`; after the last of them `ready` rises. It falls with `begin`.

    blocks, words: of a group, at least 1; of a block, 0 for a layer whose sums stay sums.
    address, data: read port of the parameter memory, one cycle of latency.
    valid, index: `data` is word `index` of block `block`, for its requantisers.
    """

    def __init__(self, word_bits: int, index_bits: int, drain: int):
        self.drain = drain
        super().__init__(
            {
                "restart": In(1),
                "begin": In(1),
                "base": In(ADDRESS_BITS),
                "blocks": In(BANK_BITS),
                "words": In(index_bits + 1),
                "address": Out(ADDRESS_BITS),
                "data": In(word_bits),
                "bias_valid": Out(1),
                "initial": Out(1),
                "block": Out(BANK_BITS),
                "valid": Out(1),
                "index": Out(unsigned(index_bits)),
                "ready": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        wait = Signal(range(self.drain + 1))
        left, blocks_left = Signal(self.words.shape()), Signal(BANK_BITS)
        m.d.sync += [self.valid.eq(0), self.bias_valid.eq(0)]
        with m.If(self.bias_valid):
            m.d.sync += self.block.eq(self.block + 1)
        with m.If(self.valid):
            m.d.sync += self.index.eq(self.index + 1)
            with m.If(self.index == self.words - 1):
                m.d.sync += [self.index.eq(0), self.block.eq(self.block + 1)]
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.restart | self.begin):
                    m.d.sync += [
                        self.ready.eq(0),
                        self.initial.eq(self.restart),
                        wait.eq(Mux(self.restart, 0, self.drain)),
                        blocks_left.eq(self.blocks - 1),
                        self.block.eq(0),
                    ]
                    m.next = "READ BIASES"
                with m.If(self.restart):
                    m.d.sync += self.address.eq(self.base)
            with m.State("READ BIASES"):
                m.d.sync += [
                    self.address.eq(self.address + 1),
                    self.bias_valid.eq(1),
                    blocks_left.eq(blocks_left - 1),
                ]
                with m.If(blocks_left == 0):
                    m.next = "LAST BIAS"
            with m.State("LAST BIAS"):
                m.d.sync += [
                    blocks_left.eq(self.blocks),
                    left.eq(self.words),
                    self.index.eq(0),
                    self.block.eq(0),
                ]
                m.next = "DRAIN"
            with m.State("DRAIN"):
                m.d.sync += wait.eq(wait - 1)
                with m.If(wait == 0):
                    m.d.sync += wait.eq(0)
                    m.next = "READ"
            with m.State("READ"):
                self._read(m, left, blocks_left)
        return m

    def _read(self, m, left, blocks_left):
        with m.If((left == 0) | (blocks_left == 0)):
            m.d.sync += self.ready.eq(1)
            m.next = "IDLE"
        with m.Else():
            m.d.sync += [self.address.eq(self.address + 1), self.valid.eq(1), left.eq(left - 1)]
            with m.If((left == 1) & (blocks_left != 1)):
                m.d.sync += [left.eq(self.words), blocks_left.eq(blocks_left - 1)]
