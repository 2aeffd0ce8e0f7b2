"""Reads a board from TOML: every key is there, of its type and in its range, and has its source.

A file may be anybody's, and its words go into scripts that Vivado runs: none may be more than a word there.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

from twofold.boards.board import Board, Clock, Document, Resources, Window
from twofold.boards.flashing_ways import METHODS
from twofold.boards.sources import check_sources
from twofold.boards.systems import KINDS, Fabric
from twofold.errors import UserError
from twofold.rtl.primitives.family import Family

CATALOGUE = Path(__file__).parent / "catalogue"
_PAGE = 0x1000
_STRINGS = ("name", "title", "device", "part", "board_part", "vivado")
_NOT_IN_SCRIPTS = re.compile(r'[\[\]{}$";\\\x00-\x1f\x7f]')
"""What Tcl takes for more than a character (Tcl's manual page `Tcl`)."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "Mapping[str, str]": (dict,),
}

Table = TypeVar("Table")


def board_names() -> tuple[str, ...]:
    """Boards that come with twofold."""
    return tuple(sorted(path.stem for path in CATALOGUE.glob("*.toml")))


def load_board(name: str) -> Board:
    """A board that comes with twofold, by its name, or a .toml file. Raises UserError for anything else."""
    if name.endswith(".toml"):
        return read_board(Path(name))
    if name not in board_names():
        raise UserError(
            f"board {name!r}: expected one of {', '.join(board_names())}, or a .toml file of yours"
        )
    return read_board(CATALOGUE / f"{name}.toml")


def read_board(path: Path) -> Board:
    """A board from a TOML file. Raises UserError naming the file, the key, what was expected and found."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{path}: expected a board's TOML file, cannot read it: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path}: expected a TOML file that describes a board, found {error}") from error
    _check_keys(path, "", content, {field.name for field in fields(Board)})
    board = Board(
        **{key: _typed(path, key, content[key], str) for key in _STRINGS},
        family=Family(_one_of(path, "family", content["family"], tuple(Family))),
        clock=_table(path, "clock", content["clock"], Clock),
        memory=_table(path, "memory", content["memory"], Window),
        registers=_table(path, "registers", content["registers"], Window),
        resources=_table(path, "resources", content["resources"], Resources),
        system=_variant(path, "system", content["system"], "kind", KINDS),
        flash=_variant(path, "flash", content["flash"], "method", METHODS),
        sources=_strings(path, "sources", content["sources"]),
        documents={
            name: _table(path, f"documents.{name}", entry, Document)
            for name, entry in _typed(path, "documents", content["documents"], dict).items()
        },
    )
    _check_values(path, board)
    check_sources(path, content, board.sources, board.documents)
    return board


def _table(path: Path, key: str, content: object, kind: type[Table]) -> Table:
    """A table as the dataclass `kind`, whose fields are its keys."""
    table = _typed(path, key, content, dict)
    types: Mapping[str, Any] = {field.name: field.type for field in fields(kind)}  # type: ignore[arg-type]
    _check_keys(path, f"{key}.", table, set(types))
    values = {name: _typed(path, f"{key}.{name}", table[name], *_TYPES[types[name]]) for name in types}
    mappings = {name: _strings(path, f"{key}.{name}", v) for name, v in values.items() if isinstance(v, dict)}
    return kind(**values | mappings)


def _variant(path: Path, key: str, content: object, tag: str, kinds: Mapping[str, type[Table]]) -> Table:
    """A table whose key `tag` says which of `kinds` it is."""
    table = _typed(path, key, content, dict)
    if tag not in table:
        raise UserError(f"{path}: missing key {key}.{tag}; expected {', '.join(kinds)}")
    kind = kinds[_one_of(path, f"{key}.{tag}", table[tag], tuple(kinds))]
    return _table(path, key, {name: value for name, value in table.items() if name != tag}, kind)


def _strings(path: Path, key: str, content: object) -> Mapping[str, str]:
    table = _typed(path, key, content, dict)
    return {name: _typed(path, f"{key}.{name}", value, str) for name, value in table.items()}


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


def _one_of(path: Path, key: str, value: object, names: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in names:
        raise UserError(f"{path}: {key}: expected one of {', '.join(names)}, found {value!r}")
    return value


def _check_values(path: Path, board: Board) -> None:
    described = {key: value for key, value in asdict(board).items() if key not in ("sources", "documents")}
    for key, text in _texts("", described):
        if found := _NOT_IN_SCRIPTS.search(text):
            raise UserError(
                f"{path}: {key}: expected no {found[0]!r}, which is an instruction in Vivado's scripts, "
                f"found {text!r}"
            )
    clock = board.clock.frequency_mhz
    if not 0 < clock < math.inf:
        raise UserError(f"{path}: clock.frequency_mhz: expected a number above 0, found {clock}")
    for key, window in (("memory", board.memory), ("registers", board.registers)):
        _check_window(path, key, window)
    for name, count in vars(board.resources).items():
        if count < 0:
            raise UserError(f"{path}: resources.{name}: expected 0 or more, found {count}")
    system = board.system
    if isinstance(system, Fabric) and (system.baud < 1 or clock * 1e6 % system.baud):
        raise UserError(
            f"{path}: system.baud: expected a divisor of the clock's {clock:g} MHz, found {system.baud}"
        )


def _texts(prefix: str, content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Key and text of every name and value below."""
    for name, value in content.items():
        key = f"{prefix}{name}"
        yield key, name
        if isinstance(value, dict):
            yield from _texts(f"{key}.", value)
        elif isinstance(value, str):
            yield key, value


def _check_window(path: Path, key: str, window: Window) -> None:
    if window.bytes < _PAGE or window.bytes & (window.bytes - 1):
        raise UserError(
            f"{path}: {key}.bytes: expected a power of two from {_PAGE:#x}, found {window.bytes:#x}"
        )
    if window.base % window.bytes or not 0 <= window.base <= (1 << 32) - window.bytes:
        raise UserError(
            f"{path}: {key}.base: expected a multiple of {key}.bytes that ends below 2^32, as the "
            f"accelerator has 32 address bits, found {window.base:#x} and {window.bytes:#x} bytes"
        )
