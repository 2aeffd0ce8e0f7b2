"""A memory of 32 words in LUTs that several readers share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from amaranth.hdl import ClockSignal, Const, Instance, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.table_ram import DEPTH, TableRam

_PORT_BITS = 2


class SharedTableRam(wiring.Component):
    """32 words for each reader, all 0 at first: read in the same cycle, written at the clock edge.

    A reader has a width and an address of its own. The words of all readers at an address are written
    together; in a cycle with a write, the first reader reads its old word at the address that is written.

    xc7: one RAM32M, four LUTs, for eight bits. Each of its ports has two bits of one reader; port D, whose
    address is also that of writes, is of the first reader.

    widths: of the readers' words.

    read_address_i, read_data_i: the word of reader i at this cycle's address.
    write_enable, write_address, write_data_i: the word to write for reader i.
    """

    def __init__(self, widths: Sequence[int], family: Family) -> None:
        self.widths, self.family = tuple(widths), family
        readers = {}
        for reader, width in enumerate(self.widths):
            readers[f"read_address_{reader}"] = In(range(DEPTH))
            readers[f"read_data_{reader}"] = Out(width)
            readers[f"write_data_{reader}"] = In(width)
        super().__init__({"write_enable": In(1), "write_address": In(range(DEPTH)), **readers})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        addresses = [getattr(self, f"read_address_{reader}") for reader in range(len(self.widths))]
        addresses[:1] = [Mux(self.write_enable, self.write_address, first) for first in addresses[:1]]
        if self.family is Family.PORTABLE:
            self._behaviour(m, addresses)
        else:
            self._cells(m, addresses)
        return m

    def _behaviour(self, m: Module, addresses: Sequence[Value]) -> None:
        for reader, (width, address) in enumerate(zip(self.widths, addresses, strict=True)):
            m.submodules[f"words_{reader}"] = words = TableRam(width, self.family)
            m.d.comb += [
                words.read_address.eq(address),
                getattr(self, f"read_data_{reader}").eq(words.read_data),
                words.write_enable.eq(self.write_enable),
                words.write_address.eq(self.write_address),
                words.write_data.eq(getattr(self, f"write_data_{reader}")),
            ]

    def _cells(self, m: Module, addresses: Sequence[Value]) -> None:
        for place, parts in enumerate(_parts(self.widths)):
            pins = _UNUSED | {"i_ADDRD": self.write_address}
            for port, part in parts.items():
                pins |= self._port(m, port, part, addresses[part.reader])
            m.submodules[f"ram_{place}"] = Instance(
                "RAM32M", **pins, i_WE=self.write_enable, i_WCLK=ClockSignal()
            )

    def _port(self, m: Module, port: str, part: _Part, address: Value) -> dict[str, Value]:
        """The pins of a port with this part of a word."""
        name = f"{part.reader}_{part.bits.start}"
        data, out = Signal(_PORT_BITS, name=f"di_{name}"), Signal(_PORT_BITS, name=f"do_{name}")
        m.d.comb += [
            data.eq(getattr(self, f"write_data_{part.reader}")[part.bits]),
            getattr(self, f"read_data_{part.reader}")[part.bits].eq(out),
        ]
        return {f"i_ADDR{port}": address, f"i_DI{port}": data, f"o_DO{port}": out}


_UNUSED: dict[str, Value] = {
    **{f"i_ADDR{port}": Const(0, range(DEPTH)) for port in "ABC"},
    **{f"i_DI{port}": Const(0, _PORT_BITS) for port in "ABCD"},
}


class _Part(NamedTuple):
    reader: int
    bits: slice


def shared_table_cells(widths: Sequence[int]) -> int:
    """RAM32M of `SharedTableRam(widths, …)`; ports D are of no use but to the first reader."""
    ports = [-(-width // _PORT_BITS) for width in widths]
    return max(-(-sum(ports) // 4), -(-sum(ports[1:]) // 3))


def _parts(widths: Sequence[int]) -> Iterator[Mapping[str, _Part]]:
    """What the ports of each RAM32M hold; ports D parts of the first reader as long as there are any."""
    parts = [
        _Part(reader, slice(start, min(start + _PORT_BITS, width)))
        for reader, width in enumerate(widths)
        for start in range(0, width, _PORT_BITS)
    ]
    cells = shared_table_cells(widths)
    in_d = [part for part in parts if part.reader == 0][:cells]
    others = parts[len(in_d) :]
    for place in range(cells):
        yield {
            **dict(zip("ABC", others[3 * place :], strict=False)),
            **dict(zip("D", in_d[place:], strict=False)),
        }
