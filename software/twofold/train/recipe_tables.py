"""Tables of a recipe file as dataclasses, checked key by key."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from twofold.errors import UserError
from twofold.quant.recipe import ByLayer

T = TypeVar("T")
Table = Mapping[str, Any]


def chosen(content: Table, section: str, selector: str, kinds: Mapping[str, type[T]]) -> T | None:
    """The section as the class that its key `selector` names; None if there is no such section."""
    if section not in content:
        return None
    table = _table(section, content[section])
    word = table.get(selector)
    if not isinstance(word, str) or word not in kinds:
        raise UserError(f"[{section}] {selector}: expected one of {', '.join(kinds)}, got {word!r}")
    rest = {key: value for key, value in table.items() if key != selector}
    return made(section, rest, kinds[word])


def section(content: Table, name: str, kind: type[T]) -> T | None:
    """The section as an instance of the dataclass `kind`; None if there is no such section."""
    return made(name, content[name], kind) if name in content else None


def made(section: str, content: Any, kind: type[T]) -> T:
    """An instance of the dataclass `kind` from a table of its fields. Raises UserError as it does."""
    types = get_type_hints(kind)
    table = _table(section, content)
    check_keys(section, table, [field.name for field in fields(kind)])  # type: ignore[arg-type]
    for field in fields(kind):  # type: ignore[arg-type]
        if field.name not in table and _is_needed(field):
            raise UserError(f"[{section}] {field.name}: expected, not found")
    values = {key: typed(f"[{section}] {key}", value, types[key]) for key, value in table.items()}
    try:
        return kind(**values)
    except UserError as error:
        raise UserError(f"[{section}] {error}") from error


def _is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _table(section: str, content: Any) -> Table:
    if not isinstance(content, dict):
        raise UserError(f"{section}: expected a table [{section}], got {content!r}")
    return content


def check_keys(section: str, content: Any, known: Collection[str]) -> None:
    """Raises UserError for a key that is not known. section: "" for the file itself."""
    for key in _table(section, content):
        if key not in known:
            where = f"[{section}] {key}" if section else f"[{key}]"
            raise UserError(f"{where}: unknown; expected one of {', '.join(known)}")


def typed(where: str, value: Any, declared: Any) -> Any:
    """The value as what a field is declared. Raises UserError for one of another type."""
    (kind,) = (part for part in _parts(declared) if part is not type(None))
    if kind is ByLayer:
        return _by_layer(where, value)
    if get_origin(kind) is tuple:
        return _numbers(where, value)
    if get_origin(kind) is Mapping:
        return _counts(where, value)
    if kind is float and type(value) in (int, float):
        return _finite(where, float(value))
    if issubclass(kind, StrEnum):
        if value not in list(kind):
            raise UserError(f"{where}: expected one of {', '.join(kind)}, got {value!r}")
        return kind(value)
    if type(value) is not kind:
        raise UserError(f"{where}: expected {_WORDS[kind]}, got {value!r}")
    return value


def _finite(where: str, value: float) -> float:
    if not math.isfinite(value):
        raise UserError(f"{where}: expected a number, got {value}")
    return value


def _numbers(where: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(number) is int for number in value):
        raise UserError(f"{where}: expected a list of whole numbers, got {value!r}")
    return tuple(value)


def _counts(where: str, value: Any) -> dict[str, int]:
    if not isinstance(value, dict) or not all(type(count) is int for count in value.values()):
        raise UserError(f"{where}: expected a table of whole numbers, got {value!r}")
    return dict(value)


def _by_layer(where: str, value: Any) -> ByLayer:
    if not isinstance(value, dict) or not all(type(width) in (int, str) for width in value.values()):
        raise UserError(f'{where}: expected a table of widths in bits or "float", got {value!r}')
    return ByLayer.of(value)


def _parts(declared: Any) -> tuple[Any, ...]:
    return get_args(declared) if isinstance(declared, UnionType) else (declared,)


_WORDS = {int: "a whole number", float: "a number", str: "a word in quotes", bool: "true or false"}
