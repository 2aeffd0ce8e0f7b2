"""Gets a built project onto its board: what would be done, and the doing."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from twofold_runtime.bundle import Bundle, built_files
from twofold_runtime.errors import AcceleratorError

from twofold.boards.board import Board
from twofold.boards.flashing_ways import Jtag
from twofold.boards.project import MANIFEST
from twofold.errors import UserError

OPENFPGALOADER = "openFPGALoader"
_SECONDS = 120
_TAIL = 10


@dataclass(frozen=True)
class Files:
    """A board folder whose files are those of its manifest. names: below it, the manifest last."""

    folder: Path
    names: tuple[str, ...]
    bitstream: Path


def checked_files(project: Path, board: Board) -> Files:
    """Raises UserError if the project is not built, was changed, or is for another board."""
    folder = project / "board"
    if not (folder / MANIFEST).is_file():
        raise UserError(f"{project}: expected a project that twofold build wrote, found no board/{MANIFEST}")
    try:
        bundle = Bundle(folder)
    except AcceleratorError as error:
        raise UserError(f"{project}: {error}") from error
    manifest = bundle.manifest
    if manifest["board"] != board.name:
        raise UserError(f"{project}: expected a project for {board.name}, found one for {manifest['board']}")
    names = (
        *sorted(manifest["board_files"]),
        *built_files(manifest),
        MANIFEST,
    )
    return Files(folder, names, bundle.bitstream)


def jtag_command(jtag: Jtag, bitstream: Path) -> tuple[str, ...]:
    return (OPENFPGALOADER, "--board", jtag.openfpgaloader, str(bitstream))


def load_over_jtag(jtag: Jtag, bitstream: Path) -> str:
    """Loads the bitstream until the board is switched off; returns what the loader said.

    Raises UserError if openFPGALoader is not there or fails.
    """
    command = jtag_command(jtag, bitstream)
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        raise UserError(f"expected {OPENFPGALOADER} on PATH, found none; twofold doctor says more") from error
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{OPENFPGALOADER}: expected an end within {_SECONDS} s, found none") from error
    said = "\n".join((run.stdout + run.stderr).splitlines()[-_TAIL:])
    if run.returncode:
        raise UserError(f"{OPENFPGALOADER} ended with {run.returncode}:\n{said}")
    return said
