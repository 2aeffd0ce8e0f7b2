"""A board as a row of a table, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from twofold.boards.board import Board
from twofold.boards.flashing_ways import Jtag
from twofold.boards.systems import kind_of

COLUMNS = (
    *("board", "title", "part", "system", "MHz", "LUT", "LUT RAM", "FF", "DSP", "BRAM36", "URAM"),
    "flashed by",
)


def row(board: Board) -> tuple[str, ...]:
    """One cell for each of COLUMNS."""
    resources = (f"{count:,}" for count in asdict(board.resources).values())
    way = f"openFPGALoader ({board.flash.openfpgaloader})" if isinstance(board.flash, Jtag) else "SSH"
    clock = f"{board.clock.frequency_mhz:g}"
    return (board.name, board.title, board.part, kind_of(board.system), clock, *resources, way)


def as_json(board: Board) -> dict[str, Any]:
    """Everything that the board's file says, with the kinds of its system and of its flashing."""
    entry = asdict(board)
    entry["system"] = {"kind": kind_of(board.system), **entry["system"]}
    entry["flash"] = {"method": "jtag" if isinstance(board.flash, Jtag) else "ssh", **entry["flash"]}
    return entry
