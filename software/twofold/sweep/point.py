"""A point of the search space: a recipe with every value decided."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twofold.files import write_atomically
from twofold.train.key import described
from twofold.train.recipe import TrainRecipe
from twofold.train.recipe_file import parsed, recipe_of
from twofold.train.recipe_merge import merged

Table = Mapping[str, Any]
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_DIGITS = 12


@dataclass(frozen=True)
class Point:
    """base: a recipe's name or a .toml file; settings: nested tables that overrule it, {} for it alone."""

    base: str
    settings: Table

    @property
    def content(self) -> Table:
        """What its recipe file holds. Raises UserError for a base that cannot be read."""
        base = parsed(Path(self.base)) if self.base.endswith(".toml") else {"base": self.base}
        return merged(base, self.settings)

    @property
    def recipe(self) -> TrainRecipe:
        """Raises UserError, naming the key, for settings that no recipe has."""
        return recipe_of(Path(self.base).stem, self.content)

    @property
    def key(self) -> str:
        """Equal for recipes that say the same, however they are written down."""
        return hashlib.sha256(described(replace(self.recipe, name="")).encode()).hexdigest()[:_DIGITS]

    @property
    def name(self) -> str:
        """The base's and the key, such as apot-0f1e2d3c4b5a."""
        return f"{Path(self.base).stem}-{self.key}"

    def write(self, folder: Path) -> Path:
        """The recipe as a file of its name in `folder`, for `twofold train`."""
        path = folder / f"{self.name}.toml"
        write_atomically(path, toml_text(self.content))
        return path


def toml_text(table: Table) -> str:
    """Nested tables of words, numbers, truth values and lists of them as TOML."""
    return "\n".join(_lines(table, ())) + "\n"


def _lines(table: Table, path: tuple[str, ...]) -> Iterator[str]:
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    if path and (plain or not table):
        yield f"\n[{'.'.join(map(_key, path))}]"
    for key, value in plain.items():
        yield f"{_key(key)} = {json.dumps(value, ensure_ascii=False)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _lines(value, (*path, key))


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
