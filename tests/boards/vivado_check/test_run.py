"""The Tcl of a project runs end to end on the model of Vivado, and mistakes in it do not."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from twofold.boards.board_file import board_names, load_board
from twofold.boards.design import EngineDesign
from twofold.boards.project import generate
from twofold.boards.systems import Fabric
from twofold.boards.vivado_check import tcl
from twofold.boards.vivado_check.run import run_scripts
from twofold.boards.vivado_check.tcl import TclError
from twofold.boards.vivado_check.vivado import Vivado
from twofold.plan.program import Program

PART = "xc7z020clg400-1"
BOARD_PART = "tul.com.tw:pynq-z2:part0:1.0"

BOARDS = board_names()


def vivado_for(name: str, *, board_part: str = "", slack: str = "0.5") -> Vivado:
    return Vivado(load_board(name).part, board_part=board_part, slack=slack)


def written(name: str, shell: Path, program: Program, folder: Path) -> Path:
    generate(load_board(name), EngineDesign(shell, program), folder / name)
    return folder / name


def run_or_skip(project: Path, vivado: Vivado) -> Counter[str]:
    try:
        return Counter(call.name for call in run_scripts(project, vivado))
    except LookupError as error:
        pytest.skip(f"the Vivado scripts were not executed: {error}")


@pytest.mark.parametrize("name", BOARDS)
def test_all_scripts_of_a_board_run_and_leave_the_results(
    name: str, shell: Path, program: Program, tmp_path: Path
) -> None:
    project = written(name, shell, program, tmp_path)
    calls = run_or_skip(project, vivado_for(name, board_part=load_board(name).board_part))
    fabric = isinstance(load_board(name).system, Fabric)
    assert calls["create_bd_cell"] == (7 if fabric else 5)
    assert calls["assign_bd_address"] == (3 if fabric else 2)
    assert calls["ipx::package_project"] == (2 if fabric else 1)
    for result in ("twofold.bit", "twofold.design", *(() if fabric else ("twofold.hwh",))):
        assert (project / "board" / result).is_file()
    for report in ("utilization.rpt", "timing.rpt", "power.rpt"):
        assert (project / "vivado" / "reports" / report).is_file()


def test_scripts_run_where_the_board_files_are_not_installed(project: Path) -> None:
    without = run_or_skip(project, Vivado(PART))["set_property"]
    assert run_or_skip(project, Vivado(PART, board_part=BOARD_PART))["set_property"] == without + 1


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


ZYNQ, MPSOC, FABRIC = "pynq-z2", "zcu104", "arty-a7-100t"
MUTATIONS = [
    (ZYNQ, "package_ip.tcl", "engine.sv", "motor.sv", "no such file"),
    (ZYNQ, "package_ip.tcl", "update_compile_order -fileset sources_1", "update_order", "invalid command"),
    (ZYNQ, "package_ip.tcl", "{clk rst s_axi m_axi}", "{clk rst s_axi m_axis}", "one bus interface m_axis"),
    (ZYNQ, "package_ip.tcl", PART, "xc7z010clg400-1", "expected part"),
    (ZYNQ, "package_ip.tcl", "set_property version 1.0", "set_property version 2.0", "not in the catalogue"),
    (ZYNQ, "package_ip.tcl", "ipx::save_core $core", "", "run package_ip.tcl first"),
    (ZYNQ, "create_project.tcl", "-vlnv [core smart", "[core smart", "-vlnv is missing"),
    (ZYNQ, "create_project.tcl", "core smartconnect:1", "core smartconnect:9", "found none"),
    (ZYNQ, "create_project.tcl", "CONFIG.PCW_USE_S_AXI_HP0 {1}", "CONFIG.PCW_USE_S_AXI_HP0 {0}", "S_AXI_HP0"),
    (ZYNQ, "create_project.tcl", "CONFIG.PCW_QSPI_PERI", "CONFIG.PCW_QPSI_PERI", "no documented property"),
    (ZYNQ, "create_project.tcl", "reset/peripheral_reset]", "reset/peripheral_aresetn]", "different kinds"),
    (ZYNQ, "create_project.tcl", "[get_bd_pins memory/aclk]", "", "memory/aclk is not connected"),
    (ZYNQ, "create_project.tcl", "_pins memory/S00_AXI]", "_pins memory/M00_AXI]", "one source"),
    (ZYNQ, "create_project.tcl", "CONFIG.NUM_SI {1}", "CONFIG.NUM_SI {2}", "S01_AXI is not connected"),
    (ZYNQ, "create_project.tcl", "-offset 0x43C00000", "-offset 0x83C00000", "not an address of proc"),
    (ZYNQ, "create_project.tcl", "-offset 0x43C00000", "-offset 0x43C00800", "no aligned range"),
    (ZYNQ, "create_project.tcl", "S_AXI_HP0/HP0_DDR", "S_AXI_HP1/HP1_DDR", "no address segment"),
    (ZYNQ, "create_project.tcl", "FIXED_IO, DDR", "FIXED_IO", "not external"),
    (ZYNQ, "create_project.tcl", "validate_bd_design", "", "changed after its validation"),
    (ZYNQ, "create_project.tcl", "system_wrapper", "wrapper", "no module wrapper"),
    (ZYNQ, "create_project.tcl", "constraints.xdc", "timing.xdc", "no such file"),
    (ZYNQ, "build.tcl", "finish synth_1", "", "impl_1 needs synth_1"),
    (ZYNQ, "build.tcl", "-to_step write_bitstream", "", "system_wrapper.bit"),
    (ZYNQ, "build.tcl", "twofold.xpr", "other.xpr", "no such file"),
    (ZYNQ, "build.tcl", "-jobs $jobs", "-jobs", "no value|no number"),
    (ZYNQ, "build.tcl", "open_run impl_1", "", "no design is open"),
    (ZYNQ, "build.tcl", "file mkdir $reports", "", "no folder"),
    (ZYNQ, "build.tcl", "proc finish {run} {", "proc finish {run} {{", "missing close-brace"),
    (MPSOC, "package_ip.tcl", "ipx::check_integrity $core", "ipx::check_integrity", "expected 1 to 1 arg"),
    (MPSOC, "create_project.tcl", "PSU__USE__S_AXI_GP2 {1}", "PSU__USE__S_AXI_GP2 {0}", "S_AXI_HP0_FPD"),
    (MPSOC, "create_project.tcl", "PSU__FPGA_PL0_ENABLE {1}", "PSU__FPGA_PL0_ENABLE {0}", "no pin matches"),
    (MPSOC, "create_project.tcl", "-offset 0xA0000000", "-offset 0x43C00000", "not an address of proc"),
    (MPSOC, "create_project.tcl", "zynq_ultra_ps_e:3", "zynq_ultra_ps_e:2", "found none"),
    (MPSOC, "build.tcl", "launch_runs synth_1", "launch_run synth_1", "invalid command name"),
    (FABRIC, "package_ip.tcl", "{clk rst m_axi}", "{clk rst s_axi}", "one bus interface s_axi"),
    (FABRIC, "create_project.tcl", "POLARITY ACTIVE_LOW", "POLARITY ACTIVE_HIGH", "different kinds"),
    (FABRIC, "create_project.tcl", "-freq_hz 100000000", "", "has no frequency"),
    (FABRIC, "create_project.tcl", "bridge/rx]", "bridge/tx]", "one source"),
    (FABRIC, "create_project.tcl", "_pins block_ram/BRAM_PORTA]", "_pins control/S00_AXI]", "different"),
    (FABRIC, "create_project.tcl", "connect_bd_net [get_bd_pins bridge/tx] $transmit", "", "uart_tx is not"),
    (FABRIC, "create_project.tcl", "-offset 0x43C00000", "-offset 0x80000000", "overlaps"),
    (FABRIC, "build.tcl", "wait_on_run $run", "wait_on_runs $run", "invalid command name"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "script", "old", "new", "message"), MUTATIONS)
def test_a_mistake_in_a_script_is_caught(
    name: str, script: str, old: str, new: str, message: str, shell: Path, program: Program, tmp_path: Path
) -> None:
    project = written(name, shell, program, tmp_path)
    path = project / "vivado" / script
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(TclError, match=message):
        run_or_skip(project, vivado_for(name))


def test_every_script_of_every_kind_of_system_has_a_mistake_that_is_caught() -> None:
    kinds = {(name, script) for name, script, *_ in MUTATIONS}
    scripts = ("package_ip.tcl", "create_project.tcl", "build.tcl")
    assert kinds == {(name, script) for name in (ZYNQ, MPSOC, FABRIC) for script in scripts}


def test_a_missed_clock_is_an_error_and_leaves_no_bitstream(project: Path) -> None:
    with pytest.raises(TclError, match=r"worst slack of at least 0 ns at 100.0 MHz, found -0.3 ns"):
        run_or_skip(project, Vivado(PART, slack="-0.3"))
    with pytest.raises(TclError, match=r"a hold slack of at least 0 ns, found -0.05 ns"):
        run_or_skip(project, Vivado(PART, hold="-0.05"))
    assert not (project / "board" / "twofold.bit").exists()
