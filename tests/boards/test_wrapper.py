"""The top level passes every port through, under Vivado's names."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from twofold.boards.cores import ENGINE
from twofold.boards.wrapper import Port, module_ports, wrapper
from twofold.errors import UserError
from twofold.sim import verilator


def lint(*sources: Path) -> subprocess.CompletedProcess[str]:
    command = [str(verilator.executable()), "--lint-only", "-Wall"]
    command += ["-Wno-DECLFILENAME", "-Wno-UNUSED", "-Wno-UNDRIVEN"]
    environment = os.environ | verilator.environment()
    return subprocess.run(
        [*command, "--top-module", "top", *map(str, sources)], env=environment, capture_output=True, text=True
    )


def test_ports_are_those_of_the_engine_alone(shell: Path) -> None:
    text = shell.read_text().replace("endmodule", "  function f;\n  input [3:0] a;\n  endfunction\nendmodule")
    ports = {port.name: port for port in module_ports(text, "engine", ENGINE.shape)}
    assert ports["m_axi_rdata"] == Port("m_axi_rdata", "input", 64)
    assert ports["s_axi_awready"] == Port("s_axi_awready", "output", 1)
    assert "a" not in ports


def test_verilator_accepts_wrapper_and_engine(shell: Path, tmp_path: Path) -> None:
    top = tmp_path / "top.v"
    top.write_text(
        wrapper("top", "engine", module_ports(shell.read_text(), "engine", ENGINE.shape), ENGINE.shape)
    )
    assert lint(top, shell).returncode == 0


def test_a_port_that_is_too_narrow_is_seen(shell: Path, tmp_path: Path) -> None:
    ports = module_ports(shell.read_text(), "engine", ENGINE.shape)
    narrow = [replace(port, width=12) if port.name == "m_axi_araddr" else port for port in ports]
    top = tmp_path / "top.v"
    top.write_text(wrapper("top", "engine", narrow, ENGINE.shape))
    assert "m_axi_araddr" in lint(top, shell).stderr


def test_interfaces_are_declared_for_the_packager(shell: Path) -> None:
    text = wrapper("top", "engine", module_ports(shell.read_text(), "engine", ENGINE.shape), ENGINE.shape)
    assert 'aximm:1.0 m_axi ARADDR" *)\n  output wire [31:0] m_axi_araddr,' in text
    assert '(* X_INTERFACE_PARAMETER = "POLARITY ACTIVE_HIGH" *)\n  input wire rst' in text
    said = re.findall(r'X_INTERFACE_PARAMETER = "XIL_INTERFACENAME (\w+), (.*)"', text)
    assert dict(said) == {
        "s_axi": "PROTOCOL AXI4LITE",
        "m_axi": "PROTOCOL AXI4, SUPPORTS_NARROW_BURST 0, MAX_BURST_LENGTH 16, NUM_READ_OUTSTANDING 4, "
        "NUM_WRITE_OUTSTANDING 4",
    }
    assert len(said) == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("m_axi_wlast", "m_axi_wend", "module engine: missing port m_axi_wlast"),
        ("clk, rst,", "clk, rst, irq,", "module engine: unknown port irq"),
        ("module engine", "module motor", "expected Verilog with a module engine, found none"),
    ],
)
def test_another_module_is_refused(shell: Path, old: str, new: str, message: str) -> None:
    text = shell.read_text().replace(old, new).replace("endmodule", "  output irq;\nendmodule")
    with pytest.raises(UserError, match=message):
        module_ports(text, "engine", ENGINE.shape)
