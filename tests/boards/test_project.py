"""A project is whole, says what is in it, and is never written over somebody's files."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
from twofold_runtime.uart_link import SILENCE_SECONDS

from twofold.boards.board import Board, Clock
from twofold.boards.board_file import board_names, load_board
from twofold.boards.design import EngineDesign
from twofold.boards.project import generate, generated_files
from twofold.boards.systems import Fabric
from twofold.errors import UserError
from twofold.files import sha256
from twofold.plan.program import Program


def test_the_manifest_has_every_file_with_its_hash(project: Path) -> None:
    files = generated_files(project)
    on_disk = {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}
    assert set(files) | {"manifest.json"} == on_disk
    for name, digest in files.items():
        assert sha256(project / name) == digest


def test_the_board_folder_has_its_own_manifest(project: Path) -> None:
    manifest = json.loads((project / "board" / "manifest.json").read_text())
    assert manifest["design"] == sha256(project / "rtl" / "engine.sv")
    assert manifest["clock_hz"] == 100_000_000
    assert manifest["registers"] == {"base": 0x43C0_0000, "bytes": 0x1000}
    assert manifest["baud"] is None
    files = set(manifest["board_files"])
    assert {"program.json", "code.bin", "image.bin", "registers.json", "selftest.npz"} < files
    assert {"twofold_runtime/__init__.py", "twofold_runtime/pynq_link.py"} < files
    for name, digest in manifest["board_files"].items():
        assert sha256(project / "board" / name) == digest


def test_the_readme_has_the_commands_and_what_was_not_run(project: Path) -> None:
    text = (project / "README.md").read_text()
    assert "None of this has been run in Vivado or on a board" in text
    for script in ("package_ip.tcl", "create_project.tcl", "build.tcl"):
        assert f"vivado -mode batch -nojournal -nolog -notrace -source {script}" in text
        assert (project / "vivado" / script).is_file()


def test_a_board_without_a_processor_has_a_bridge_and_pins(
    shell: Path, program: Program, tmp_path: Path
) -> None:
    generate(load_board("arty-a7-100t"), EngineDesign(shell, program), tmp_path / "arty")
    assert "module uart_bridge" in (tmp_path / "arty" / "rtl" / "uart_bridge.sv").read_text()
    assert 'aximm:1.0 m_axi AWADDR" *)' in (tmp_path / "arty" / "rtl" / "twofold_uart_bridge.v").read_text()
    constraints = (tmp_path / "arty" / "vivado" / "constraints.xdc").read_text()
    assert "{PACKAGE_PIN A9 IOSTANDARD LVCMOS33} [get_ports uart_rx]" in constraints
    manifest = json.loads((tmp_path / "arty" / "board" / "manifest.json").read_text())
    assert (manifest["baud"], manifest["memory"]["base"]) == (2_000_000, 0x8000_0000)


def boards_with_a_uart() -> list[Board]:
    """Those of the catalogue, and each with a slow clock."""
    found = [board for board in map(load_board, board_names()) if isinstance(board.system, Fabric)]
    slow = [
        replace(board, clock=Clock(25.0), system=replace(board.system, baud=1_000_000)) for board in found
    ]
    return found + slow


@pytest.mark.parametrize(
    "board", boards_with_a_uart(), ids=lambda board: f"{board.name}-{board.clock.frequency_mhz:g}"
)
def test_the_bridge_drops_half_a_request_before_the_runtime_sends_the_next(
    board: Board, shell: Path, program: Program, tmp_path: Path
) -> None:
    """Its counter of silence begins with the largest value of all registers."""
    generate(board, EngineDesign(shell, program), tmp_path / "p")
    verilog = (tmp_path / "p" / "rtl" / "uart_bridge.sv").read_text()
    first_values = re.findall(r"^ *reg .* = \d+'h([0-9a-f]+);$", verilog, re.MULTILINE)
    patience = max(int(value, 16) for value in first_values)
    seconds = patience / (board.clock.frequency_mhz * 1e6)
    assert seconds == pytest.approx(0.02)
    assert seconds < SILENCE_SECONDS


def test_writing_again_keeps_vivados_results(
    project: Path, board: Board, shell: Path, program: Program
) -> None:
    (project / "board" / "twofold.bit").write_text("bits")
    before = generated_files(project)
    shell.write_text(shell.read_text() + "// another engine\n")
    assert generate(board, EngineDesign(shell, program), project) == project / "README.md"
    assert (project / "board" / "twofold.bit").read_text() == "bits"
    changed = {name for name, digest in generated_files(project).items() if before[name] != digest}
    assert {"rtl/engine.sv", "vivado/build.tcl", "board/manifest.json"} <= changed


def test_manifests_say_of_which_network_and_by_which_twofold(project: Path, program: Program) -> None:
    for path in (project / "manifest.json", project / "board" / "manifest.json"):
        manifest = json.loads(path.read_text())
        assert (manifest["twofold"], manifest["network"]) == (version("twofold"), program.name)
        assert manifest["network_digest"] == program.network_digest
    assert f"| network | {program.network_digest}, as" in (project / "README.md").read_text()


def test_other_peoples_folders_are_left_alone(board: Board, design: EngineDesign, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="expected an empty folder or an earlier project, found other files"):
        generate(board, design, tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    with pytest.raises(UserError, match="expected a folder or nothing, found a file"):
        generate(board, design, tmp_path / "mine" / "thesis.txt")
    with pytest.raises(UserError, match=r"thesis.txt: expected a folder or nothing, found a file"):
        generate(board, design, tmp_path / "mine" / "thesis.txt" / "project")


@pytest.mark.parametrize("manifest", ["{}", '{"format": "twofold hls project 3", "files": {}}'])
def test_a_manifest_of_something_else_makes_no_project(
    board: Board, design: EngineDesign, tmp_path: Path, manifest: str
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "manifest.json").write_text(manifest)
    with pytest.raises(UserError, match="expected an empty folder or an earlier project, found other files"):
        generate(board, design, folder)
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]


def test_a_networks_name_gets_into_no_script(
    board: Board, shell: Path, program: Program, tmp_path: Path
) -> None:
    hostile = replace(program, name='x]; exec touch hacked; ["`touch hacked`')
    generate(board, EngineDesign(shell, hostile), tmp_path / "p")
    scripts = [path for path in (tmp_path / "p").rglob("*") if path.suffix in (".tcl", ".xdc", ".v", ".sv")]
    assert len(scripts) > 4
    assert not [path for path in scripts if "hacked" in path.read_text()]


def test_a_missing_engine_is_refused(program: Program, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected the engine's Verilog at .*, found no file"):
        EngineDesign(tmp_path / "absent.v", program)
