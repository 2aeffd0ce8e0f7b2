"""A memory of 32 words in LUTs."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Const, Instance, Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from twofold.rtl.primitives.family import Family

DEPTH = 32
_CELL_BITS = 6


class TableRam(wiring.Component):
    """32 words of `width` bits, all 0 at first: read in the same cycle, written at the clock edge.

    xc7: one RAM32M, four LUTs, for 6 bits. Reading the address that is written gives the old word.

    read_address, read_data: the word of this cycle's address.
    write_enable, write_address, write_data: the word to write.
    """

    def __init__(self, width: int, family: Family) -> None:
        self.width, self.family = width, family
        super().__init__(
            {
                "read_address": In(range(DEPTH)),
                "read_data": Out(width),
                "write_enable": In(1),
                "write_address": In(range(DEPTH)),
                "write_data": In(width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.family is Family.PORTABLE:
            self._behaviour(m)
        else:
            for start in range(0, self.width, _CELL_BITS):
                self._cell(m, start)
        return m

    def _behaviour(self, m: Module) -> None:
        m.submodules.memory = memory = Memory(shape=unsigned(self.width), depth=DEPTH, init=[])
        read, write = memory.read_port(domain="comb"), memory.write_port()
        m.d.comb += [
            read.addr.eq(self.read_address),
            self.read_data.eq(read.data),
            write.en.eq(self.write_enable),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
        ]

    def _cell(self, m: Module, start: int) -> None:
        part = slice(start, min(start + _CELL_BITS, self.width))
        data, out = Signal(_CELL_BITS, name=f"di_{start}"), Signal(_CELL_BITS, name=f"do_{start}")
        m.d.comb += [data.eq(self.write_data[part]), self.read_data[part].eq(out)]
        m.submodules[f"ram_{start}"] = Instance(
            "RAM32M",
            i_ADDRA=self.read_address,
            i_ADDRB=self.read_address,
            i_ADDRC=self.read_address,
            i_ADDRD=self.write_address,
            i_DIA=data[0:2],
            i_DIB=data[2:4],
            i_DIC=data[4:6],
            i_DID=Const(0, 2),
            o_DOA=out[0:2],
            o_DOB=out[2:4],
            o_DOC=out[4:6],
            i_WE=self.write_enable,
            i_WCLK=ClockSignal(),
        )
