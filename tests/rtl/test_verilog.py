"""Port names and their uniqueness, and files that are whole or not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, Signature

from twofold.rtl.verilog import port_widths, to_verilog
from twofold.rtl.yosys import YosysError, YosysTimeoutError, run_yosys


class Echo(wiring.Component):
    """Gives back what it got a cycle before; one port of each way to be nested."""

    def __init__(self, *more: str) -> None:
        channel = Signature({"data": Out(8), "valid": Out(1)})
        super().__init__({"s": In(channel), "m": Out(channel), **{name: In(1) for name in more}})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += [self.m.data.eq(self.s.data), self.m.valid.eq(self.s.valid)]
        return m


def test_ports_are_joined_by_single_underscores(tmp_path: Path) -> None:
    path = tmp_path / "new" / "echo.sv"
    to_verilog(Echo(), "echo", path)
    header = re.search(r"module echo\((.*?)\);", path.read_text())
    assert header and set(header[1].split(", ")) == {"clk", "rst", "s_data", "s_valid", "m_data", "m_valid"}


def test_widths_and_directions() -> None:
    assert port_widths(Echo()) == {
        "s_data": ("input", 8),
        "s_valid": ("input", 1),
        "m_data": ("output", 8),
        "m_valid": ("output", 1),
    }


def test_two_ports_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "echo.sv"
    with pytest.raises(ValueError, match="expected different port names, found s_data twice"):
        to_verilog(Echo("s_data"), "echo", path)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_command_is_named(tmp_path: Path) -> None:
    with pytest.raises(YosysError, match="No such command: nonsense"):
        run_yosys(["nonsense"], tmp_path)


def test_the_time_limit_ends_the_process(tmp_path: Path) -> None:
    with pytest.raises(YosysTimeoutError, match=r"not done in 0\.01 s"):
        run_yosys(["help"], tmp_path, time_limit=0.01)
