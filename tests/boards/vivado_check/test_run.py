"""The Tcl of a project runs end to end on the model of Vivado, and mistakes in it do not."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from twofold.boards.vivado_check import tcl
from twofold.boards.vivado_check.run import run_scripts
from twofold.boards.vivado_check.tcl import TclError
from twofold.boards.vivado_check.vivado import Vivado

PART = "xc7z020clg400-1"
BOARD_PART = "tul.com.tw:pynq-z2:part0:1.0"


def run_or_skip(project: Path, vivado: Vivado) -> Counter[str]:
    try:
        return Counter(call.name for call in run_scripts(project, vivado))
    except LookupError as error:
        pytest.skip(f"the Vivado scripts were not executed: {error}")


@pytest.mark.parametrize("board_part", ["", BOARD_PART])
def test_all_scripts_run_and_leave_the_results(project: Path, board_part: str) -> None:
    calls = run_or_skip(project, Vivado(PART, board_part=board_part))
    assert calls["create_bd_cell"] == 5
    assert calls["connect_bd_intf_net"] == 4
    assert calls["assign_bd_address"] == 2
    assert calls["set_property"] == 10 + bool(board_part)
    for name in ("twofold.bit", "twofold.hwh", "twofold.design"):
        assert (project / "board" / name).is_file()
    for name in ("utilization.rpt", "timing.rpt", "power.rpt"):
        assert (project / "vivado" / "reports" / name).is_file()


def test_tclsh_gives_the_same_calls(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("tclsh") is None:
        pytest.skip("tclsh is not installed")
    here = run_or_skip(project, Vivado(PART))
    monkeypatch.setattr(tcl, "_embedded", lambda: None)
    assert run_or_skip(project, Vivado(PART)) == here


def test_without_an_interpreter_the_reason_is_given(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcl, "_embedded", lambda: None)
    monkeypatch.setenv("PATH", str(project))
    with pytest.raises(LookupError, match="neither Python's tkinter nor tclsh is installed"):
        run_scripts(project, Vivado(PART))


MUTATIONS = [
    ("package_ip.tcl", "engine.sv", "motor.sv", "no such file"),
    ("package_ip.tcl", "update_compile_order -fileset sources_1", "update_order", "invalid command name"),
    ("package_ip.tcl", "{clk rst s_axi m_axi}", "{clk rst s_axi m_axis}", "one bus interface m_axis"),
    ("package_ip.tcl", PART, "xc7z010clg400-1", "expected part"),
    ("package_ip.tcl", "set_property version 1.0", "set_property version 2.0", "not in the catalogue"),
    ("package_ip.tcl", "ipx::save_core $core", "", "run package_ip.tcl first"),
    ("create_project.tcl", "-vlnv xilinx.com:ip:smart", "xilinx.com:ip:smart", "-vlnv is missing"),
    ("create_project.tcl", "CONFIG.PCW_USE_S_AXI_HP0 {1}", "CONFIG.PCW_USE_S_AXI_HP0 {0}", "S_AXI_HP0"),
    ("create_project.tcl", "reset/peripheral_reset]", "reset/peripheral_aresetn]", "different kinds"),
    ("create_project.tcl", "[get_bd_pins memory/aclk]", "", "memory/aclk is not connected"),
    ("create_project.tcl", "_pins memory/S00_AXI]", "_pins memory/M00_AXI]", "one source"),
    ("create_project.tcl", "-offset 0x43C00000", "-offset 0x83C00000", "not an address of M_AXI_GP0"),
    ("create_project.tcl", "-offset 0x43C00000", "-offset 0x43C00800", "no aligned range"),
    ("create_project.tcl", "ps7/S_AXI_HP0/HP0_DDR", "ps7/S_AXI_HP1/HP1_DDR", "no address segment"),
    ("create_project.tcl", "FIXED_IO, DDR", "FIXED_IO", "not external"),
    ("create_project.tcl", "validate_bd_design", "", "changed after its validation"),
    ("create_project.tcl", "system_wrapper", "wrapper", "no module wrapper"),
    ("create_project.tcl", "constraints.xdc", "timing.xdc", "no such file"),
    ("build.tcl", "finish synth_1", "", "impl_1 needs synth_1"),
    ("build.tcl", "-to_step write_bitstream", "", "system_wrapper.bit"),
    ("build.tcl", "twofold.xpr", "other.xpr", "no such file"),
    ("build.tcl", "-jobs $jobs", "-jobs", "no value|no number"),
    ("build.tcl", "open_run impl_1", "", "no design is open"),
    ("build.tcl", "file mkdir $reports", "", "no folder"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "old", "new", "message"), MUTATIONS)
def test_a_mistake_in_a_script_is_caught(
    project: Path, script: str, old: str, new: str, message: str
) -> None:
    path = project / "vivado" / script
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(TclError, match=message):
        run_or_skip(project, Vivado(PART))


def test_a_missed_clock_is_an_error_and_leaves_no_bitstream(project: Path) -> None:
    with pytest.raises(TclError, match=r"worst slack of at least 0 ns at 100.0 MHz, found -0.3 ns"):
        run_or_skip(project, Vivado(PART, slack="-0.3"))
    assert not (project / "board" / "twofold.bit").exists()
