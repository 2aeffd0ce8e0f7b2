"""What a board offers an engine: one TOML file each, read into values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from twofold.errors import UserError

_FOLDER = Path(__file__).parent
_PAGE = 0x1000

Table = TypeVar("Table", "Clock", "Window", "Resources")


@dataclass(frozen=True)
class Clock:
    """The engine's clock, from the processing system."""

    frequency_mhz: float


@dataclass(frozen=True)
class Window:
    """A range of addresses behind a port of the processing system. segment: Vivado's name of the range."""

    port: str
    segment: str
    base: int
    bytes: int


@dataclass(frozen=True)
class Resources:
    """What the device has. bram36: block RAMs of 36 kbit; lutram: LUTs that can be memory."""

    lut: int
    lutram: int
    ff: int
    dsp: int
    bram36: int


@dataclass(frozen=True)
class Board:
    """memory: what the engine's AXI4 master reaches. registers: where software finds the engine.

    vivado: oldest release whose commands the scripts need. processing_system: parameters of the
    processing_system7 core that describe the board.
    """

    name: str
    title: str
    device: str
    part: str
    board_part: str
    vivado: str
    clock: Clock
    memory: Window
    registers: Window
    resources: Resources
    processing_system: Mapping[str, str]


def board_names() -> tuple[str, ...]:
    """Boards that come with twofold."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_board(name: str) -> Board:
    """A board that comes with twofold, by its name, or a .toml file. Raises UserError for anything else."""
    if name.endswith(".toml"):
        return read_board(Path(name))
    if name not in board_names():
        raise UserError(
            f"board {name!r}: expected one of {', '.join(board_names())}, or a .toml file of yours"
        )
    return read_board(_FOLDER / f"{name}.toml")


def read_board(path: Path) -> Board:
    """A board from a TOML file. Raises UserError naming the file, the key, what was expected and found."""
    try:
        content = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path}: expected a TOML file that describes a board, found {error}") from error
    _check_keys(path, "", content, {field.name for field in fields(Board)})
    board = Board(
        **{
            key: _typed(path, key, content[key], str)
            for key in ("name", "title", "device", "part", "board_part", "vivado")
        },
        clock=_table(path, "clock", content, Clock),
        memory=_table(path, "memory", content, Window),
        registers=_table(path, "registers", content, Window),
        resources=_table(path, "resources", content, Resources),
        processing_system=_parameters(path, content["processing_system"]),
    )
    _check_values(path, board)
    return board


def _table(path: Path, key: str, content: Mapping[str, Any], kind: type[Table]) -> Table:
    table = _typed(path, key, content[key], dict)
    types = {field.name: field.type for field in fields(kind)}
    _check_keys(path, f"{key}.", table, set(types))
    kinds: Mapping[Any, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,)}
    return kind(**{name: _typed(path, f"{key}.{name}", table[name], *kinds[types[name]]) for name in types})


def _parameters(path: Path, content: object) -> Mapping[str, str]:
    table = _typed(path, "processing_system", content, dict)
    return {name: _typed(path, f"processing_system.{name}", value, str) for name, value in table.items()}


def _check_keys(path: Path, prefix: str, content: Mapping[str, Any], expected: set[str]) -> None:
    for problem, names in (("missing", expected - set(content)), ("unknown", set(content) - expected)):
        if names:
            raise UserError(
                f"{path}: {problem} key {prefix}{min(names)}; expected {', '.join(sorted(expected))}"
            )


def _typed(path: Path, key: str, value: Any, *kinds: type) -> Any:
    if not isinstance(value, kinds) or isinstance(value, bool):
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise UserError(f"{path}: {key}: expected {expected}, found {value!r}")
    return value


def _check_values(path: Path, board: Board) -> None:
    if board.clock.frequency_mhz <= 0:
        raise UserError(
            f"{path}: clock.frequency_mhz: expected more than 0, found {board.clock.frequency_mhz}"
        )
    for key, window in (("memory", board.memory), ("registers", board.registers)):
        if window.bytes < _PAGE or window.bytes & (window.bytes - 1):
            raise UserError(
                f"{path}: {key}.bytes: expected a power of two from {_PAGE:#x}, found {window.bytes:#x}"
            )
        if window.base % window.bytes or not 0 <= window.base < 1 << 32:
            raise UserError(
                f"{path}: {key}.base: expected a multiple of {key}.bytes below 2^32, found {window.base:#x}"
            )
    for name, count in vars(board.resources).items():
        if count < 0:
            raise UserError(f"{path}: resources.{name}: expected 0 or more, found {count}")
