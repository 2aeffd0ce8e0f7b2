"""An AXI4-Lite slave with the registers of a map."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.bus.axi4 import Response, axi4_lite
from twofold.rtl.bus.register_map import WORD_BYTES, Access, Register, RegisterMap

_WORD_SHIFT = 2
BYTE = 8


def _port(register: Register):
    if register.access is Access.RO:
        return In(register.width)
    return Out(register.width, init=register.reset)


class RegisterBlock(wiring.Component):
    """Registers behind AXI4-Lite, 32 bits of data.

    Write address and data may come in any order; WSTRB selects bytes. A read is answered 2 cycles
    after its address, a write 2 cycles after the later of address and data. Offsets that the map does not
    have are answered SLVERR and change nothing; writes to RO and CONSTANT registers are answered OKAY
    and change nothing. Every access is answered. Address bits 0 and 1 are ignored.

    Parameters
    ----------
    registers: the map.
    addr_width: bits of the address; the map must fit.

    Ports
    -----
    s_axi: in, AXI4-Lite.
    <register in lower case>, as wide as the register: out for RW (its value, new 1 cycle before the
    write's answer) and for W1S (1 cycle high for each bit written as 1), in for RO (sampled in the
    cycle after the read's address); none for CONSTANT.
    """

    def __init__(self, registers: RegisterMap, addr_width: int = 12):
        for register in registers.registers:
            if register.offset + WORD_BYTES > 1 << addr_width:
                raise ValueError(
                    f"{register.name} at {register.offset:#x} needs more than {addr_width} address bits"
                )
        self._registers = registers.registers
        self._addr_width = addr_width
        ports = {
            register.name.lower(): _port(register)
            for register in self._registers
            if register.access is not Access.CONSTANT
        }
        super().__init__({"s_axi": In(axi4_lite(addr_width))} | ports)

    def elaborate(self, platform):
        m = Module()
        self._answer_reads(m)
        self._answer_writes(m)
        return m

    def _answer_reads(self, m: Module) -> None:
        bus = self.s_axi
        has_address, word = Signal(), Signal(self._addr_width - _WORD_SHIFT)
        m.d.comb += bus.arready.eq(~has_address & ~bus.rvalid)
        with m.If(bus.rvalid & bus.rready):
            m.d.sync += bus.rvalid.eq(0)
        with m.If(bus.arvalid & bus.arready):
            m.d.sync += [has_address.eq(1), word.eq(bus.araddr[_WORD_SHIFT:])]
        with m.If(has_address):
            m.d.sync += [
                has_address.eq(0),
                bus.rvalid.eq(1),
                bus.rresp.eq(Response.SLVERR),
                bus.rdata.eq(0),
            ]
            with m.Switch(word):
                for register in self._registers:
                    with m.Case(register.offset // WORD_BYTES):
                        m.d.sync += [bus.rresp.eq(Response.OKAY), bus.rdata.eq(self._read_value(register))]

    def _read_value(self, register: Register):
        if register.access is Access.CONSTANT:
            return register.reset
        return 0 if register.access is Access.W1S else getattr(self, register.name.lower())

    def _answer_writes(self, m: Module) -> None:
        bus = self.s_axi
        has_address, has_data, write = Signal(), Signal(), Signal()
        word = Signal(self._addr_width - _WORD_SHIFT)
        data, strobes = Signal(32), Signal(4)
        m.d.comb += [
            bus.awready.eq(~has_address),
            bus.wready.eq(~has_data),
            write.eq(has_address & has_data & ~bus.bvalid),
        ]
        with m.If(bus.awvalid & bus.awready):
            m.d.sync += [has_address.eq(1), word.eq(bus.awaddr[_WORD_SHIFT:])]
        with m.If(bus.wvalid & bus.wready):
            m.d.sync += [has_data.eq(1), data.eq(bus.wdata), strobes.eq(bus.wstrb)]
        with m.If(bus.bvalid & bus.bready):
            m.d.sync += bus.bvalid.eq(0)
        self._clear_pulses(m)
        with m.If(write):
            m.d.sync += [has_address.eq(0), has_data.eq(0), bus.bvalid.eq(1), bus.bresp.eq(Response.SLVERR)]
            with m.Switch(word):
                for register in self._registers:
                    with m.Case(register.offset // WORD_BYTES):
                        m.d.sync += bus.bresp.eq(Response.OKAY)
                        self._write(m, register, data, strobes)

    def _clear_pulses(self, m: Module) -> None:
        for register in self._registers:
            if register.access is Access.W1S:
                m.d.sync += getattr(self, register.name.lower()).eq(0)

    def _write(self, m: Module, register: Register, data: Signal, strobes: Signal) -> None:
        if register.access not in (Access.W1S, Access.RW):
            return
        port = getattr(self, register.name.lower())
        for first in range(0, register.width, BYTE):
            with m.If(strobes[first // BYTE]):  # an enable of flip-flops, no multiplexer
                m.d.sync += port[first : first + BYTE].eq(data[first : first + BYTE])
