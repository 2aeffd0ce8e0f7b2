"""A Vivado project for a board, and the folder that goes to the board, from an engine and its program."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from twofold.boards.board import Board
from twofold.boards.systems import Zynq7000
from twofold.boards.wrapper import engine_ports, wrapper
from twofold.errors import UserError
from twofold.files import sha256, write_atomically
from twofold.plan.program import Program
from twofold.rtl.bus.engine_registers import engine_registers

MANIFEST = "manifest.json"
PROJECT_FORMAT = "twofold project 1"
BOARD_FORMAT = "twofold board 1"
TOP = "twofold_engine"
ENGINE = "engine"
IP = "engine_0"
BITSTREAM = "twofold"
DESIGN_FILE = "twofold.design"
SCRIPTS = ("package_ip.tcl", "create_project.tcl", "build.tcl")
_TEMPLATES = Path(__file__).parent / "templates"
_DRIVER = Path(__file__).parent / "driver" / "twofold_driver.py"
_PROGRAM_FILES = ("program.json", "code.bin", "image.bin")


def generate(board: Board, verilog: Path, program_folder: Path, out: Path) -> Path:
    """Writes the project into `out` and returns the path of its README.

    verilog: the engine, module `engine` as `twofold.rtl.verilog` writes it. program_folder: what
    `Program.save` wrote. out: new, empty, or an earlier project of ours, whose Vivado results stay; the
    driver tells if they are stale. Raises UserError if an input is missing, or `out` holds other files.
    """
    if not isinstance(board.system, Zynq7000):
        raise UserError(f"{board.name}: expected a board with a Zynq-7000, as only they have a project yet")
    if not verilog.is_file():
        raise UserError(f"expected the engine's Verilog at {verilog}, found no file")
    program = Program.load(program_folder)
    _check_target(out)
    text = verilog.read_text()
    top = wrapper(TOP, ENGINE, engine_ports(text, ENGINE))
    values = _template_values(board, program, hashlib.sha256(text.encode()).hexdigest())
    write_atomically(out / "rtl" / "engine.sv", text)
    write_atomically(out / "rtl" / f"{TOP}.v", top)
    for name in SCRIPTS:
        write_atomically(out / "vivado" / name, _render(name, values))
    write_atomically(out / "vivado" / "constraints.xdc", _render("constraints.xdc", values))
    write_atomically(out / "README.md", _render("README.md", values))
    _write_board_folder(out / "board", board, program, program_folder, values["design"])
    _write_manifest(out, board, values["design"])
    return out / "README.md"


def generated_files(out: Path) -> dict[str, str]:
    """Path below `out` → SHA-256 of each file that `generate` wrote, as the manifest has them."""
    return dict(json.loads((out / MANIFEST).read_text())["files"])


def _check_target(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: expected a folder or nothing, found a file")
    if out.is_dir() and any(out.iterdir()) and not _is_project(out):
        raise UserError(
            f"{out}: expected an empty folder or an earlier project, found other files; choose another"
        )


def _is_project(out: Path) -> bool:
    try:
        return bool(json.loads((out / MANIFEST).read_text())["format"] == PROJECT_FORMAT)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _template_values(board: Board, program: Program, design: str) -> dict[str, Any]:
    map_ = program.input.map
    return {
        "board": board,
        "program_name": program.name,
        "input_shape": f"{map_.channels}, {map_.height}, {map_.width}",
        "design": design,
        "top": TOP,
        "ip": IP,
        "project": "twofold",
        "design_name": "system",
        "bitstream": BITSTREAM,
        "design_file": DESIGN_FILE,
    }


def _render(name: str, values: dict[str, Any]) -> str:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Tcl and Markdown, not HTML
    )
    return environment.get_template(f"{name}.j2").render(values)


def _write_board_folder(
    folder: Path, board: Board, program: Program, program_folder: Path, design: str
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in _PROGRAM_FILES:
        shutil.copyfile(program_folder / name, folder / name)
    shutil.copyfile(_DRIVER, folder / _DRIVER.name)
    lanes = program.geometry.lanes
    write_atomically(
        folder / "registers.json", json.dumps(engine_registers(lanes, lanes).as_json(), indent=1) + "\n"
    )
    names = (*_PROGRAM_FILES, "registers.json")
    content = {
        "format": BOARD_FORMAT,
        "board": board.name,
        "ip": IP,
        "bitstream": f"{BITSTREAM}.bit",
        "design_file": DESIGN_FILE,
        "design": design,
        "clock_hz": round(board.clock.frequency_mhz * 1e6),
        "board_files": {name: sha256(folder / name) for name in names},
    }
    write_atomically(folder / MANIFEST, json.dumps(content, indent=1) + "\n")


def _write_manifest(out: Path, board: Board, design: str) -> None:
    board_files = json.loads((out / "board" / MANIFEST).read_text())["board_files"]
    paths = [
        *("README.md", "rtl/engine.sv", f"rtl/{TOP}.v", "vivado/constraints.xdc"),
        *(f"board/{MANIFEST}", f"board/{_DRIVER.name}"),
        *(f"vivado/{name}" for name in SCRIPTS),
        *(f"board/{name}" for name in board_files),
    ]
    content = {
        "format": PROJECT_FORMAT,
        "board": board.name,
        "part": board.part,
        "design": design,
        "files": {path: sha256(out / path) for path in sorted(paths)},
    }
    write_atomically(out / MANIFEST, json.dumps(content, indent=1) + "\n")
