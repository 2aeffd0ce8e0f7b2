"""What a board offers an accelerator: a value for each of the TOML files in `catalogue`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twofold.boards.flashing_ways import Flash
from twofold.boards.systems import System
from twofold.rtl.primitives.family import Family


@dataclass(frozen=True)
class Clock:
    """The accelerator's clock, from the processing system or the board's oscillator."""

    frequency_mhz: float


@dataclass(frozen=True)
class Window:
    """A range of addresses; both are multiples of the size of a page."""

    base: int
    bytes: int


@dataclass(frozen=True)
class Resources:
    """What the device has. lutram: LUTs that can be memory; bram36, uram: RAMs of 36 and of 288 kbit."""

    lut: int
    lutram: int
    ff: int
    dsp: int
    bram36: int
    uram: int


@dataclass(frozen=True)
class Document:
    """Where values come from."""

    title: str
    url: str


@dataclass(frozen=True)
class Board:
    """memory: what the accelerator's AXI4 master reaches. registers: where software finds the accelerator.

    family: whose primitives the engine is built from. vivado: oldest release whose commands the scripts need.
    system: what the accelerator is connected to. sources: key or table of the file → a name in `documents`.
    """

    name: str
    title: str
    device: str
    family: Family
    part: str
    board_part: str
    vivado: str
    clock: Clock
    memory: Window
    registers: Window
    resources: Resources
    system: System
    flash: Flash
    sources: Mapping[str, str]
    documents: Mapping[str, Document]
