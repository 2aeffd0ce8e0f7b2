"""Fetches an output group's biases and requantisation parameters while its first sweeps run."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.countdown import Countdown
from twofold.rtl.isa import ADDRESS_BITS, BANK_BITS, TILES_MAX


class ParameterLoader(wiring.Component):
    """Reads `blocks` biases and `blocks` times `words` words for each output group, in order.

    `restart` sets the address and begins the first group; `begin`, given with the last pixel of a group
    that enters the pipeline, begins the next one. After the last group there is no `begin`.

    Bias i of a group is on `data` with `bias_valid` 2 + i cycles after `restart` or `begin`; `initial` is
    high if it was `restart`. The other words overwrite what the group before still uses, so they wait
    until `drain` cycles, at most `drain_max`, after `begin`, and `later` more if a block has one word, M and
    n; after the last of them `ready` rises. It falls with `begin`.

    blocks, words: of a group, 1 to `blocks_max`; of a block, 0 for a layer whose sums stay sums.
    address, data: read port of the parameter memory, one cycle of latency.
    next_block: of what is on `data` in the next cycle.
    valid, index: `data` is word `index` of its block, for that one's requantisers.
    """

    def __init__(
        self, word_bits: int, index_bits: int, drain_max: int, blocks_max: int = TILES_MAX, later: int = 0
    ):
        self.later = later
        super().__init__(
            {
                "restart": In(1),
                "begin": In(1),
                "base": In(ADDRESS_BITS),
                "blocks": In(range(blocks_max + 1)),
                "words": In(index_bits + 1),
                "drain": In(range(drain_max + 1)),
                "address": Out(ADDRESS_BITS),
                "data": In(word_bits),
                "bias_valid": Out(1),
                "initial": Out(1),
                "next_block": Out(BANK_BITS),
                "valid": Out(1),
                "index": Out(unsigned(index_bits)),
                "ready": Out(1),
            }
        )
        self._wait = Signal(range(drain_max + later + 1))
        self._words = Countdown(index_bits + 1, "words")
        self._blocks = Countdown(blocks_max.bit_length(), "blocks")
        self._word = Signal(index_bits)  # that is read

    def elaborate(self, platform):
        m = Module()
        m.d.sync += [
            self.valid.eq(0),
            self.bias_valid.eq(0),
            self.index.eq(self._word),
        ]
        with m.FSM():
            self._await_group(m)
            self._read_biases(m)
            self._await_results(m)
            self._read_words(m)
            with m.State("READY"):
                m.d.sync += self.ready.eq(1)
                m.next = "IDLE"
        return m

    def _await_group(self, m):
        drain = Mux(self.words == 1, self.drain + self.later, self.drain) if self.later else self.drain
        with m.State("IDLE"):
            with m.If(self.restart | self.begin):
                m.d.sync += [
                    self.ready.eq(0),
                    self.initial.eq(self.restart),
                    self._wait.eq(Mux(self.restart, 0, drain)),
                    *self._blocks.load(self.blocks),
                    self.next_block.eq(0),
                ]
                m.next = "READ BIASES"
            with m.If(self.restart):
                m.d.sync += self.address.eq(self.base)

    def _read_biases(self, m):
        with m.State("READ BIASES"):
            m.d.sync += [self.address.eq(self.address + 1), self.bias_valid.eq(1), *self._next_block()]
            with m.If(self._blocks.last):
                m.next = "LAST BIAS"
        with m.State("LAST BIAS"):
            m.d.sync += [
                *self._blocks.load(self.blocks),
                *self._words.load(self.words),
                self._word.eq(0),
                self.next_block.eq(0),
            ]
            m.next = "DRAIN"

    def _await_results(self, m):
        with m.State("DRAIN"):
            m.d.sync += self._wait.eq(self._wait - 1)
            with m.If(self._wait == 0):
                m.d.sync += self._wait.eq(0)
                m.next = "READ"
                with m.If(self.words == 0):
                    m.next = "READY"

    def _read_words(self, m):
        with m.State("READ"):
            m.d.sync += [
                self.address.eq(self.address + 1),
                self.valid.eq(1),
                *self._words.step(),
                self._word.eq(self._word + 1),
            ]
            with m.If(self._words.last):
                m.d.sync += [*self._words.load(self.words), self._word.eq(0), *self._next_block()]
                with m.If(self._blocks.last):
                    m.next = "READY"

    def _next_block(self):
        return *self._blocks.step(), self.next_block.eq(self.next_block + 1)
