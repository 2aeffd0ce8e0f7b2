"""A Vivado project for a board, and the folder that goes to the board."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from twofold.boards.board import Board
from twofold.boards.cores import BRIDGE, KERNEL, PackagedCore
from twofold.boards.design import Design
from twofold.boards.notebook import NAME as NOTEBOOK
from twofold.boards.notebook import notebook
from twofold.boards.rendering import rendered
from twofold.boards.scripts import packaged, scripts
from twofold.boards.systems import Fabric, ZynqSystem, kind_of
from twofold.boards.wrapper import module_ports, wrapper
from twofold.errors import UserError
from twofold.files import sha256, write_atomically
from twofold.rtl.bus.uart_bridge import UartBridge
from twofold.rtl.verilog import to_verilog

MANIFEST = "manifest.json"
PROJECT_FORMAT = "twofold project 2"
BOARD_FORMAT = "twofold board 2"
IP = "engine_0"
BITSTREAM = "twofold"
DESIGN_FILE = "twofold.design"
RUNTIME = "twofold_runtime"
BRIDGE_PATIENCE_SECONDS = 0.02
"""Less than the runtime's silence (`twofold_runtime.uart_link`), at any clock."""
_RUNTIME = Path(__file__).parents[2] / RUNTIME
_SYSTEM_TITLES = {
    "zynq-7000": "processing system",
    "zynq-mpsoc": "processing system",
    "fabric": "bridge of the UART, memory",
}


def generate(board: Board, design: Design, out: Path) -> Path:
    """Writes the project into `out` and returns the path of its README.

    out: new, empty, or an earlier project of ours, whose Vivado results stay; the runtime tells if they are
    stale. Raises UserError if an input is wrong, or `out` holds other files.
    """
    check_target(out)
    files = {
        **design.sources(board),
        **_wrapped(board, design),
        **_rendered(board, design),
        **{f"board/{name}": content for name, content in _board_folder(board, design).items()},
    }
    for path, content in files.items():
        write_atomically(out / path, content)
    _write_manifest(out, board, design, files)
    return out / "README.md"


def generated_files(out: Path) -> dict[str, str]:
    """Path below `out` → SHA-256 of each file that `generate` wrote, as the manifest has them."""
    return dict(json.loads((out / MANIFEST).read_text())["files"])


def check_target(out: Path) -> None:
    """Raises UserError if `out` is something else than nothing, an empty folder, or a project of ours, and if
    a file is where one of the folders above it would be."""
    place = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not place.is_dir():
        raise UserError(f"{place}: expected a folder or nothing, found a file")
    if out.is_dir() and any(out.iterdir()) and not _is_project(out):
        raise UserError(
            f"{out}: expected an empty folder or an earlier project, found other files; choose another"
        )


def _is_project(out: Path) -> bool:
    try:
        return bool(json.loads((out / MANIFEST).read_text())["format"] == PROJECT_FORMAT)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _wrapped(board: Board, design: Design) -> Mapping[str, str]:
    """The bridge, if the board needs it, and the plain Verilog top of each packaged core."""
    rtl = {path: content for path, content in design.sources(board).items() if path.startswith("rtl/")}
    sources = {path: str(content) for path, content in rtl.items()}
    if isinstance(board.system, Fabric):
        clock_hz = round(board.clock.frequency_mhz * 1e6)
        bridge = UartBridge(clock_hz // board.system.baud, round(clock_hz * BRIDGE_PATIENCE_SECONDS))
        sources[f"rtl/{BRIDGE.source}"] = _verilog(bridge, BRIDGE)
    written = {path: text for path, text in sources.items() if path == f"rtl/{BRIDGE.source}"}
    for core in packaged(board, design):
        ports = module_ports(sources[f"rtl/{core.source}"], core.module, core.shape)
        written[f"rtl/{core.name}.v"] = wrapper(core.name, core.module, ports, core.shape)
    return written


def _verilog(component: UartBridge, core: PackagedCore) -> str:
    with tempfile.TemporaryDirectory() as folder:
        to_verilog(component, core.module, Path(folder) / core.source)
        return (Path(folder) / core.source).read_text()


def _rendered(board: Board, design: Design) -> Mapping[str, str]:
    values = _template_values(board, design)
    files = {f"vivado/{script.name}": rendered(script.name, **values) for script in scripts(board, design)}
    files["vivado/constraints.xdc"] = rendered("constraints.xdc", **values)
    files["README.md"] = rendered("README.md", **values)
    return files


def _template_values(board: Board, design: Design) -> dict[str, Any]:
    system = board.system
    kind, fabric = kind_of(system), isinstance(system, Fabric)
    segment = f"processor/{system.memory_segment}" if isinstance(system, ZynqSystem) else "storage/S_AXI/Mem0"
    return {
        "board": board,
        "design": design,
        "version": version("twofold"),
        "core": design.accelerator,
        "cores": packaged(board, design),
        "bridge": BRIDGE,
        "kernel": KERNEL,
        "repositories": sorted({design.accelerator.repository, *(("ip_repo",) if fabric else ())}),
        "scripts": scripts(board, design),
        "system_template": f"systems/{kind}.tcl.j2",
        "system_title": _SYSTEM_TITLES[kind],
        "fabric": fabric,
        "ports": 2 if fabric else 1,
        "memory_segment": segment,
        "ip": IP,
        "project": "twofold",
        "design_name": "system",
        "bitstream": BITSTREAM,
        "design_file": DESIGN_FILE,
    }


def _board_folder(board: Board, design: Design) -> Mapping[str, str | bytes]:
    title = f"{design.name} on the {board.title}"
    shape = None if design.host.images is None else design.host.images.image_shape
    text = notebook(title, shape, isinstance(board.system, Fabric), design.backend == "rtl")
    files = {**design.board_files(), NOTEBOOK: text}
    runtime = {f"{RUNTIME}/{path.name}": path.read_bytes() for path in sorted(_RUNTIME.glob("*.py"))}
    return {**files, **runtime, MANIFEST: _board_manifest(board, design, {**files, **runtime})}


def _board_manifest(board: Board, design: Design, files: Mapping[str, str | bytes]) -> str:
    content = {
        "format": BOARD_FORMAT,
        "board": board.name,
        "backend": design.backend,
        "ip": IP,
        "bitstream": f"{BITSTREAM}.bit",
        "hand_off": None if isinstance(board.system, Fabric) else f"{BITSTREAM}.hwh",
        "design_file": DESIGN_FILE,
        "design": design.digest,
        **_origin(design),
        "clock_hz": round(board.clock.frequency_mhz * 1e6),
        "registers": {"base": board.registers.base, "bytes": board.registers.bytes},
        "memory": {"base": board.memory.base, "bytes": board.memory.bytes},
        "baud": board.system.baud if isinstance(board.system, Fabric) else None,
        "board_files": {name: _hash(content) for name, content in sorted(files.items())},
    }
    return json.dumps(content, indent=1) + "\n"


def _origin(design: Design) -> dict[str, str]:
    return {"twofold": version("twofold"), "network": design.name, "network_digest": design.network_digest}


def _hash(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def _write_manifest(out: Path, board: Board, design: Design, files: Mapping[str, object]) -> None:
    content = {
        "format": PROJECT_FORMAT,
        "board": board.name,
        "backend": design.backend,
        "part": board.part,
        "design": design.digest,
        **_origin(design),
        "scripts": [script.name for script in scripts(board, design)],
        "files": {path: sha256(out / path) for path in sorted(files)},
    }
    write_atomically(out / MANIFEST, json.dumps(content, indent=1) + "\n")
