"""Executes the scripts of a generated project, in order, on the model of Vivado."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from twofold.boards.project import SCRIPTS
from twofold.boards.vivado_check.syntax import Call
from twofold.boards.vivado_check.tcl import run_script
from twofold.boards.vivado_check.vivado import Vivado


def run_scripts(project: Path, vivado: Vivado, jobs: int = 2) -> Sequence[Call]:
    """Every Vivado command of the three scripts, executed end to end in the project's folder.

    Leaves what Vivado would leave, as empty files. Raises TclError for the first mistake, LookupError
    if this machine has no Tcl interpreter.
    """
    for name in SCRIPTS:
        arguments = [str(jobs)] if name == "build.tcl" else []
        run_script(project / "vivado" / name, arguments, vivado.answer)
    return vivado.calls
