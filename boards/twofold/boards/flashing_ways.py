"""How a bitstream gets onto a board: one type for each way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Ssh:
    """Linux runs on the board: files are copied, and PYNQ loads the bitstream.

    host, user, folder: of the board's own image; the folder is one that its Jupyter shows.
    """

    host: str
    user: str
    folder: str


@dataclass(frozen=True)
class Jtag:
    """A cable: openFPGALoader loads the bitstream. openfpgaloader: its name of the board."""

    openfpgaloader: str


Flash = Ssh | Jtag

METHODS: Mapping[str, type[Flash]] = {"ssh": Ssh, "jtag": Jtag}
"""`flash.method` of a board file → its type."""
