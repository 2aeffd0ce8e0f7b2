"""What of a built project goes to its board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from twofold_runtime.bundle import Bundle, built_files
from twofold_runtime.errors import AcceleratorError

from twofold.boards.board import Board
from twofold.boards.project import MANIFEST
from twofold.errors import UserError


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
