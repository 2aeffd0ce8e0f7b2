"""Every value of a board file names the document that it is from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twofold.errors import UserError

_OURS = ("name", "title", "sources", "documents")
"""Keys whose values are no facts about a board."""


def check_sources(
    path: Path, content: Mapping[str, Any], sources: Mapping[str, str], documents: Mapping[str, object]
) -> None:
    """Raises UserError for a value without a source, a source that is no document, and what is of no use.

    sources: a key, or a table for all that is in it and has no source of its own → a name in `documents`.
    """
    keys = list(_leaves(content))
    for key in keys:
        if source_of(key, sources) is None:
            raise UserError(f"{path}: {key}: expected its source in [sources], found none")
    for key, name in sources.items():
        if name not in documents:
            raise UserError(
                f"{path}: sources.{key}: expected one of {', '.join(documents)}, the names in [documents], "
                f"found {name!r}"
            )
        if not any(leaf == key or leaf.startswith(f"{key}.") for leaf in keys):
            raise UserError(f"{path}: sources.{key}: expected a key or table of this file, found neither")
    unused = set(documents) - set(sources.values())
    if unused:
        raise UserError(f"{path}: documents.{min(unused)}: expected a value that is from it, found none")


def source_of(key: str, sources: Mapping[str, str]) -> str | None:
    """The document of a dotted key: its own, or that of the nearest table that it is in."""
    while key:
        if key in sources:
            return sources[key]
        key = key.rpartition(".")[0]
    return None


def _leaves(content: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Dotted names of all values but ours."""
    for name, value in content.items():
        if not prefix and name in _OURS:
            continue
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"
