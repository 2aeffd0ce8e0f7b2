"""Proofs for all masters, memories and stalls: what is offered on AXI stays until it is taken."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.buffers import WordReader
from twofold.rtl.bus.axi4 import axi4_lite
from twofold.rtl.bus.bursts import transfer_layout
from twofold.rtl.bus.read_dma import ReadDma
from twofold.rtl.bus.register_map import Access, Register, RegisterMap
from twofold.rtl.bus.registers import RegisterBlock
from twofold.rtl.bus.write_dma import WriteDma
from twofold.rtl.geometry import BEAT_BITS
from twofold.sim.formal import prove_always

MAX_BURST, OUTSTANDING, BEATS_WIDTH, ADDR_WIDTH = 4, 2, 6, 4
RULES = {"ok": Out(1), "assumed": Out(1), "reached": Out(1)}
REGISTERS = RegisterMap(
    (
        Register("LIMIT", 0x0, Access.RW, "Written and read."),
        Register("COMMAND", 0x4, Access.W1S, "Written.", width=1),
        Register("COUNT", 0x8, Access.RO, "Changes at any time."),
    )
)


@dataclass(frozen=True, eq=False)
class Offer:
    """What a channel offers. waited: READY was low in the cycle before. stays: if so, VALID did not fall, and
    nothing that comes with it changed."""

    waited: Value
    stays: Value

    @classmethod
    def of(cls, m: Module, valid: Value, ready: Value, payload: list[Value], name: str) -> Offer:
        offered = Cat(payload)
        waited, before = Signal(name=f"{name}_waited"), Signal(len(offered), name=f"{name}_before")
        m.d.sync += [waited.eq(valid & ~ready), before.eq(offered)]
        return cls(waited, ~waited | (valid & (offered == before)))


class Answers(wiring.Component):
    """R and B of a register block. forgetful: it takes every answer for taken."""

    def __init__(self, *, forgetful: bool = False) -> None:
        self.block, self.forgetful = RegisterBlock(REGISTERS, ADDR_WIDTH), forgetful
        super().__init__({"s_axi": In(axi4_lite(ADDR_WIDTH)), "count": In(32), **RULES})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.block = block = self.block
        bus, outer = block.s_axi, self.s_axi
        wiring.connect(m, wiring.flipped(outer), bus)
        if self.forgetful:
            m.d.comb += bus.rready.eq(1)
        read = Offer.of(m, bus.rvalid, outer.rready, [bus.rdata, bus.rresp], "r")
        written = Offer.of(m, bus.bvalid, outer.bready, [bus.bresp], "b")
        m.d.comb += [
            block.count.eq(self.count),
            self.assumed.eq(1),
            self.reached.eq(read.waited & written.waited),
            self.ok.eq(read.stays & written.stays),
        ]
        return m


class ReadAddresses(wiring.Component):
    """AR of a DMA, whatever the memory answers. hasty: it is told that every address was taken."""

    def __init__(self, *, hasty: bool = False) -> None:
        self.dma, self.hasty = ReadDma(MAX_BURST, OUTSTANDING, BEATS_WIDTH), hasty
        command = stream.Signature(transfer_layout(BEATS_WIDTH))
        super().__init__({"command": In(command), "bus": Out(self.dma.bus.signature), **RULES})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dma = dma = self.dma
        bus, outer = dma.bus, self.bus
        wiring.connect(m, wiring.flipped(self.command), dma.command)
        wiring.connect(m, bus, wiring.flipped(outer))
        if self.hasty:
            m.d.comb += bus.arready.eq(1)
        address = Offer.of(m, bus.arvalid, outer.arready, [bus.araddr, bus.arlen], "ar")
        m.d.comb += [self.assumed.eq(1), self.reached.eq(address.waited), self.ok.eq(address.stays)]
        return m


class Writes(wiring.Component):
    """AW and W of a DMA. `assumed`: its source keeps to the rule, and the memory answers no burst before it
    has taken its address and its last beat. What the DMA counts is as seen from outside: induction needs it.
    hasty: it is told that every beat was taken. early: the memory may answer at any time."""

    def __init__(self, *, hasty: bool = False, early: bool = False) -> None:
        self.dma, self.hasty, self.early = WriteDma(MAX_BURST, OUTSTANDING, BEATS_WIDTH), hasty, early
        command = stream.Signature(transfer_layout(BEATS_WIDTH))
        ports = {"command": In(command), "data": In(stream.Signature(64)), "bus": Out(self.dma.bus.signature)}
        super().__init__({**ports, **RULES})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dma = dma = self.dma
        bus, outer, source = dma.bus, self.bus, dma.data
        wiring.connect(m, wiring.flipped(self.command), dma.command)
        wiring.connect(m, wiring.flipped(self.data), source)
        wiring.connect(m, bus, wiring.flipped(outer))
        if self.hasty:
            m.d.comb += bus.wready.eq(1)
        addressed = self._owed(m, bus.awvalid & outer.awready, "addressed")
        written = self._owed(m, bus.wvalid & outer.wready & bus.wlast, "written")
        counted = (dma.unanswered == bus.awvalid + addressed) & (dma.unanswered == dma.offered + written)
        idle = ~dma.command.ready | (dma.unanswered == 0)
        given = Offer.of(m, source.valid, source.ready, [source.payload], "source")
        address = Offer.of(m, bus.awvalid, outer.awready, [bus.awaddr, bus.awlen], "aw")
        beat = Offer.of(m, bus.wvalid, outer.wready, [bus.wdata, bus.wstrb, bus.wlast], "w")
        answered = Signal()
        m.d.sync += answered.eq(answered | bus.bvalid)
        m.d.comb += [
            self.assumed.eq(given.stays & (~bus.bvalid | self.early | ((addressed != 0) & (written != 0)))),
            self.reached.eq(address.waited & beat.waited & answered),
            self.ok.eq(
                address.stays & beat.stays & ((counted & idle & (dma.unanswered <= OUTSTANDING)) | self.early)
            ),
        ]
        return m

    def _owed(self, m: Module, more: Value, name: str) -> Signal:
        """Of bursts, less those that were answered."""
        owed = Signal(range(OUTSTANDING + 1), name=name)
        m.d.sync += owed.eq(owed + more - self.bus.bvalid)
        return owed


class Words(wiring.Component):
    """The beats of a word reader, which are a write DMA's data. hasty: it is told that each one was taken."""

    def __init__(self, *, hasty: bool = False) -> None:
        self.reader, self.hasty = WordReader(2 * BEAT_BITS, latency=2), hasty
        ports = {"start": In(1), "words": In(16), "word": In(2 * BEAT_BITS), "ready": In(1)}
        super().__init__({**ports, **RULES})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.reader = reader = self.reader
        beats = reader.beats
        beat = Offer.of(m, beats.valid, self.ready, [beats.payload], "beat")
        m.d.comb += [
            *(getattr(reader, name).eq(getattr(self, name)) for name in ("start", "words", "word")),
            beats.ready.eq(self.ready | self.hasty),
            self.assumed.eq(1),
            self.reached.eq(beat.waited),
            self.ok.eq(beat.stays),
        ]
        return m


def test_registers_answers_stay() -> None:
    assert prove_always(Answers())


def test_answers_that_are_withdrawn_are_refuted() -> None:
    assert not prove_always(Answers(forgetful=True))


def test_addresses_of_reads_stay() -> None:
    assert prove_always(ReadAddresses())


def test_addresses_that_are_withdrawn_are_refuted() -> None:
    assert not prove_always(ReadAddresses(hasty=True))


def test_addresses_and_beats_of_writes_stay() -> None:
    assert prove_always(Writes())


def test_beats_that_are_withdrawn_are_refuted() -> None:
    assert not prove_always(Writes(hasty=True))


def test_a_memory_that_answers_before_it_has_the_beats_is_refuted() -> None:
    assert not prove_always(Writes(early=True))


def test_beats_of_words_stay() -> None:
    assert prove_always(Words())
    assert not prove_always(Words(hasty=True))
