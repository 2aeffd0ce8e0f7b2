"""The scripts of a project, in the order in which they are run, and what runs each."""

from __future__ import annotations

from dataclasses import dataclass

from twofold.boards.board import Board
from twofold.boards.cores import BRIDGE, PackagedCore
from twofold.boards.design import Design
from twofold.boards.systems import Fabric


@dataclass(frozen=True)
class Script:
    """A file in vivado/, and the program that runs it: `vivado` or `vitis-run`."""

    name: str
    program: str

    def command(self, jobs: int) -> tuple[str, ...]:
        """Arguments that run it in its folder. jobs: parallel ones, of build.tcl."""
        if self.program == "vitis-run":
            return ("vitis-run", "--mode", "hls", "--tcl", self.name)
        command = ("vivado", "-mode", "batch", "-nojournal", "-nolog", "-notrace", "-source", self.name)
        return (*command, "-tclargs", str(jobs)) if self.name == "build.tcl" else command


EXPORT = Script("export_ip.tcl", "vitis-run")
PACKAGE = Script("package_ip.tcl", "vivado")
CREATE = Script("create_project.tcl", "vivado")
BUILD = Script("build.tcl", "vivado")
BY_NAME = {script.name: script for script in (EXPORT, PACKAGE, CREATE, BUILD)}


def packaged(board: Board, design: Design) -> tuple[PackagedCore, ...]:
    """Cores that are packaged from our Verilog: the engine, and the bridge on a board without a processor."""
    return (*design.cores, *((BRIDGE,) if isinstance(board.system, Fabric) else ()))


def scripts(board: Board, design: Design) -> tuple[Script, ...]:
    first = (EXPORT,) if design.backend == "hls" else ()
    return (*first, *((PACKAGE,) if packaged(board, design) else ()), CREATE, BUILD)
