"""Between 64-bit beats on the bus and the wider words of on-chip memories."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.countdown import Countdown
from twofold.rtl.geometry import BEAT_BITS
from twofold.rtl.isa import ADDRESS_BITS, BANK_BITS, COUNT_BITS

_BAND = {
    "base": In(ADDRESS_BITS),
    "first_bank": In(BANK_BITS),
    "bank_step": In(COUNT_BITS),
    "band_words": In(16),
    "address": Out(ADDRESS_BITS),
    "bank": Out(BANK_BITS),
}


class BandWalk(wiring.Component):
    """Addresses of a map's words, in order: band after band, each from the same address on.

    `start` sets the address of the first word, `step` moves to the next: after `band_words` words to `base`
    of the bank that is `bank_step` further.
    """

    def __init__(self):
        super().__init__({"start": In(1), "step": In(1), **_BAND})

    def elaborate(self, platform):
        m = Module()
        band = Countdown(len(self.band_words), "band")
        with m.If(self.step):
            m.d.sync += [self.address.eq(self.address + 1), *band.step()]
        with m.If(self.start | (self.step & band.last)):
            m.d.sync += [self.address.eq(self.base), *band.load(self.band_words)]
        with m.If(self.step & band.last):
            m.d.sync += self.bank.eq(self.bank + self.bank_step)
        with m.If(self.start):
            m.d.sync += self.bank.eq(self.first_bank)
        return m

    def connect(self, m, outer):
        """The walk's inputs and outputs to those of the component that it is part of."""
        m.d.comb += [
            self.base.eq(outer.base),
            self.first_bank.eq(outer.first_bank),
            self.bank_step.eq(outer.bank_step),
            self.band_words.eq(outer.band_words),
            outer.address.eq(self.address),
            outer.bank.eq(self.bank),
        ]


class WordWriter(wiring.Component):
    """Collects beats, lowest first, and writes each whole word to the next address of a `BandWalk`.

    `start` sets the address of the first word. A word is written (`enable`) in the cycle after its
    last beat. Beats may come every cycle. Words have `wide_bits` bits if `wide` is high, else they are the
    upper `narrow_bits` bits of `word`.
    """

    def __init__(self, narrow_bits: int, wide_bits: int):
        self.narrow_beats, self.wide_beats = narrow_bits // BEAT_BITS, wide_bits // BEAT_BITS
        super().__init__(
            {
                "start": In(1),
                "wide": In(1),
                **_BAND,
                "valid": In(1),
                "beat": In(BEAT_BITS),
                "enable": Out(1),
                "word": Out(wide_bits),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.walk = walk = BandWalk()
        walk.connect(m, self)
        m.d.comb += [walk.start.eq(self.start), walk.step.eq(self.enable)]
        left, whole = Signal(range(self.wide_beats)), Signal(range(self.wide_beats))
        m.d.comb += whole.eq(Mux(self.wide, self.wide_beats - 1, self.narrow_beats - 1))
        m.d.sync += self.enable.eq(self.valid & (left == 0))
        with m.If(self.valid):
            m.d.sync += [
                self.word.eq(Cat(self.word, self.beat)[BEAT_BITS:]),
                left.eq(left - 1),
            ]
            with m.If(left == 0):
                m.d.sync += left.eq(whole)
        with m.If(self.start):
            m.d.sync += left.eq(whole)
        return m


class WordReader(wiring.Component):
    """Reads words from the addresses of a `BandWalk` and gives them as beats, lowest first.

    `start` sets the address and begins with `words` words, at least 1. The memory answers `latency` cycles
    after the address. A word takes `reader_cycles` if no beat waits. `read` is low from the cycle after
    `start` until no word is still to be read; the last one's beats follow.
    """

    def __init__(self, word_bits: int, latency: int):
        self.beats_per_word, self.latency = word_bits // BEAT_BITS, latency
        super().__init__(
            {
                "start": In(1),
                **_BAND,
                "words": In(16),
                "read": Out(1, init=1),
                "word": In(word_bits),
                "beats": Out(stream.Signature(BEAT_BITS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.walk = walk = BandWalk()
        walk.connect(m, self)
        m.d.comb += walk.start.eq(self.start)
        held = Signal(self.word.shape(), reset_less=True)
        words = Countdown(16, "words")
        wait = Signal(range(self.latency + 1))
        left = Signal(range(self.beats_per_word))
        m.d.comb += self.beats.payload.eq(held[:BEAT_BITS])
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.d.sync += [*words.load(self.words), wait.eq(self.latency), self.read.eq(0)]
                m.next = "READ"
            with m.State("READ"):
                m.d.sync += wait.eq(wait - 1)
                with m.If(wait == 0):
                    m.d.comb += walk.step.eq(1)
                    m.d.sync += [
                        held.eq(self.word),
                        left.eq(self.beats_per_word - 1),
                        self.read.eq(words.last),
                    ]
                    m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += self.beats.valid.eq(1)
                with m.If(self.beats.ready):
                    m.d.sync += [held.eq(held >> BEAT_BITS), left.eq(left - 1)]
                    with m.If(left == 0):
                        m.d.sync += [wait.eq(self.latency), *words.step()]
                        m.next = "READ"
                        with m.If(words.last):
                            m.next = "IDLE"
        return m


def reader_cycles(latency: int, beats: int) -> int:
    """Cycles of a word of `beats` beats in a `WordReader`."""
    return latency + 1 + beats
