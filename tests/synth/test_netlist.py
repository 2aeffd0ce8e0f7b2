"""Mapped netlists: names of registers, Verilog, and a flipped bit of a table."""

from __future__ import annotations

from pathlib import Path

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.errors import UserError
from twofold.synth.netlist import Netlist
from twofold.synth.yosys import mapped_netlist, synthesise

KEPT = Path("build/synth")


class Parity(wiring.Component):
    """y is the parity of what x was two cycles ago."""

    def __init__(self) -> None:
        super().__init__({"x": In(3), "y": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held = Signal(3)
        m.d.sync += [held.eq(self.x), self.y.eq(held.xor())]
        return m


@pytest.fixture(scope="module")
def netlist() -> Netlist:
    return mapped_netlist(Parity(), "parity", cache=KEPT)


def test_registers_keep_their_names(netlist: Netlist) -> None:
    names = sorted(netlist.describe(name) for name in netlist.cells)
    assert names == ["FDRE held", "FDRE held", "FDRE held", "FDRE y", "LUT3"]


def test_the_area_is_kept_with_the_netlist(netlist: Netlist) -> None:
    used = synthesise(Parity(), "parity", cache=KEPT)
    assert (used.lut, used.ff) == (1, 4)
    assert mapped_netlist(Parity(), "parity", cache=KEPT) == netlist


def test_verilog_has_the_ports_and_the_cells(netlist: Netlist) -> None:
    text = netlist.verilog()
    assert "module parity(" in text and text.count("FDRE #(") == 4 and "INIT(8'h96)" in text


def test_one_bit_of_a_table_is_flipped(netlist: Netlist) -> None:
    (lut,) = (name for name, cell in netlist.cells.items() if cell["type"] == "LUT3")
    changed = netlist.with_flipped_bit(lut, 7)
    assert (netlist.cells[lut]["parameters"]["INIT"], changed.cells[lut]["parameters"]["INIT"]) == (
        "10010110",
        "00010110",
    )
    with pytest.raises(UserError, match=r"expected a bit of INIT, 8 bits of .*, got 8"):
        netlist.with_flipped_bit(lut, 8)
