"""Executes the scripts of a generated project, in order, on the models of Vivado and Vitis HLS."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from twofold.boards.project import MANIFEST
from twofold.boards.scripts import BUILD, EXPORT
from twofold.boards.vivado_check.hls_commands import VitisHls
from twofold.boards.vivado_check.syntax import Call
from twofold.boards.vivado_check.tcl import run_script
from twofold.boards.vivado_check.vivado import Vivado


def run_scripts(project: Path, vivado: Vivado, jobs: int = 2) -> Sequence[Call]:
    """Every command of the project's scripts, executed end to end in the project's folder.

    Leaves what the tools would leave, as empty files. Raises TclError for the first mistake, LookupError
    if this machine has no Tcl interpreter.
    """
    manifest = json.loads((project / MANIFEST).read_text())
    hls = VitisHls(manifest["part"])
    for name in manifest["scripts"]:
        arguments = [str(jobs)] if name == BUILD.name else []
        answer = hls.answer if name == EXPORT.name else vivado.answer
        run_script(project / "vivado" / name, arguments, answer)
    return [*hls.calls, *vivado.calls]
