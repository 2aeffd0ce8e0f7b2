"""Proofs for all masters, memories and stalls: what is offered on AXI stays until it is taken."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.bus.axi4 import axi4_lite
from twofold.rtl.bus.bursts import transfer_layout
from twofold.rtl.bus.read_dma import ReadDma
from twofold.rtl.bus.register_map import Access, Register, RegisterMap
from twofold.rtl.bus.registers import RegisterBlock
from twofold.rtl.bus.write_dma import WriteDma
from twofold.sim.formal import prove_always

BEATS_WIDTH, ADDR_WIDTH = 6, 4
RULES = {"ok": Out(1), "assumed": Out(1)}
REGISTERS = RegisterMap(
    (
        Register("LIMIT", 0x0, Access.RW, "Written and read."),
        Register("COMMAND", 0x4, Access.W1S, "Written.", width=1),
        Register("COUNT", 0x8, Access.RO, "Changes at any time."),
    )
)


def offer_stays(m: Module, valid: Value, ready: Value, payload: list[Value], name: str) -> Value:
    """VALID does not fall, and nothing that comes with it changes, before READY was high."""
    offered = Cat(payload)
    waited, before = Signal(name=f"{name}_waited"), Signal(len(offered), name=f"{name}_before")
    m.d.sync += [waited.eq(valid & ~ready), before.eq(offered)]
    return ~waited | (valid & (offered == before))


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
        m.d.comb += [
            block.count.eq(self.count),
            self.assumed.eq(1),
            self.ok.eq(
                offer_stays(m, bus.rvalid, outer.rready, [bus.rdata, bus.rresp], "r")
                & offer_stays(m, bus.bvalid, outer.bready, [bus.bresp], "b")
            ),
        ]
        return m


class Addresses(wiring.Component):
    """AR or AW of a DMA. `assumed`: no command is taken while an address of the last one is offered, as the
    DMAs' benches see by `done`. hasty: it is told that every address was taken."""

    def __init__(self, dma: ReadDma | WriteDma, prefix: str, *, hasty: bool = False) -> None:
        self.dma, self.prefix, self.hasty = dma, prefix, hasty
        command = stream.Signature(transfer_layout(BEATS_WIDTH))
        super().__init__({"command": In(command), "ready": In(1), "bus": Out(dma.bus.signature), **RULES})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dma = dma = self.dma
        wiring.connect(m, wiring.flipped(self.command), dma.command)
        wiring.connect(m, dma.bus, wiring.flipped(self.bus))
        valid, ready, address, length = (
            getattr(dma.bus, f"{self.prefix}{name}") for name in ("valid", "ready", "addr", "len")
        )
        m.d.comb += [
            ready.eq(self.ready | self.hasty),
            self.assumed.eq(~valid | ~dma.command.ready),
            self.ok.eq(offer_stays(m, valid, self.ready, [address, length], "address")),
        ]
        return m


def dmas() -> list[tuple[ReadDma | WriteDma, str]]:
    return [(ReadDma(4, 2, BEATS_WIDTH), "ar"), (WriteDma(4, 2, BEATS_WIDTH), "aw")]


def test_registers_answers_stay() -> None:
    assert prove_always(Answers())


def test_answers_that_are_withdrawn_are_refuted() -> None:
    assert not prove_always(Answers(forgetful=True))


def test_addresses_of_dmas_stay() -> None:
    assert all(prove_always(Addresses(dma, prefix)) for dma, prefix in dmas())


def test_addresses_that_are_withdrawn_are_refuted() -> None:
    assert not any(prove_always(Addresses(dma, prefix, hasty=True)) for dma, prefix in dmas())
