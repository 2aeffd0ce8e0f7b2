"""The scripts of a project, in the order in which they are run, and what runs each."""

from __future__ import annotations

from dataclasses import dataclass

from twofold.boards.board import Board
from twofold.boards.cores import BRIDGE, PackagedCore
from twofold.boards.design import Design
from twofold.boards.systems import Fabric

VIVADO = "vivado"
VITIS_RUN, VITIS_HLS = "vitis-run", "vitis_hls"
"""Of releases from 2023.1, and of those before 2025.1."""


@dataclass(frozen=True)
class Script:
    """A file in vivado/, and the programs that can run it, the newest release's first."""

    name: str
    programs: tuple[str, ...]

    def command(self, jobs: int, program: str) -> tuple[str, ...]:
        """Arguments of one of `programs` that run it in its folder. jobs: parallel ones, of build.tcl."""
        if program == VITIS_RUN:
            return (VITIS_RUN, "--mode", "hls", "--tcl", self.name)
        if program == VITIS_HLS:
            return (VITIS_HLS, "-f", self.name)
        command = (VIVADO, "-mode", "batch", "-nojournal", "-nolog", "-notrace", "-source", self.name)
        return (*command, "-tclargs", str(jobs)) if self.name == "build.tcl" else command


EXPORT = Script("export_ip.tcl", (VITIS_RUN, VITIS_HLS))
PACKAGE = Script("package_ip.tcl", (VIVADO,))
CREATE = Script("create_project.tcl", (VIVADO,))
BUILD = Script("build.tcl", (VIVADO,))
BY_NAME = {script.name: script for script in (EXPORT, PACKAGE, CREATE, BUILD)}


def packaged(board: Board, design: Design) -> tuple[PackagedCore, ...]:
    """Cores that are packaged from our Verilog: the engine, and the bridge on a board without a processor."""
    return (*design.cores, *((BRIDGE,) if isinstance(board.system, Fabric) else ()))


def scripts(board: Board, design: Design) -> tuple[Script, ...]:
    first = (EXPORT,) if design.backend == "hls" else ()
    return (*first, *((PACKAGE,) if packaged(board, design) else ()), CREATE, BUILD)
