"""The C++ compiler of the C simulation."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from twofold.errors import UserError

COMPILER = "g++"
FLAGS = ("-std=c++14", "-O1", "-w")


def compile_program(
    sources: Sequence[str], includes: Sequence[str], defines: Sequence[str], program: str, folder: Path
) -> None:
    """Compiles `sources` to `program`, all paths relative to `folder`.

    Raises UserError if the compiler is missing or fails.
    """
    path = shutil.which(COMPILER)
    if path is None:
        raise UserError(
            f"{COMPILER}: expected on PATH, found nothing; C simulation of HLS projects is not available, "
            f"install it with your system's package manager (Debian: apt install g++)"
        )
    command = [path, *FLAGS, *(f"-I{include}" for include in includes), *defines, *sources, "-o", program]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode:
        errors = [line for line in result.stderr.splitlines() if "error" in line]
        first = errors[0] if errors else result.stderr.strip() or f"exit code {result.returncode}"
        raise UserError(f"{folder}: expected the generated C++ to compile, found {first}")
