"""The ways to make a network that the roads are proven on: each recipe, and settings that no recipe has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from twofold.errors import UserError
from twofold.train.recipe_file import recipe_named, recipe_names

_FOLDER = Path(__file__).parent / "variants"

_REFUSED: Mapping[str, Mapping[str, str]] = {
    "apot_a5": {"rtl": "thresholds: expected at most 15 a channel"},
    "apot_a6": {"rtl": "expected codes of at most 8 bits"},
    "apot_w7": {"rtl": "expected a PE kind of the geometry that holds them"},
}
"""Method → road that refuses its networks, with words of the refusal."""


@dataclass(frozen=True)
class Method:
    """recipe: as `recipe_named` takes it. refused: road → words of why it takes no such network."""

    name: str
    recipe: str
    refused: Mapping[str, str] = field(default_factory=dict)


def integer_methods() -> tuple[Method, ...]:
    """Those that end in a network of integers: recipes first, then variants."""
    recipes = [Method(name, name) for name in recipe_names() if recipe_named(name).gives_integers]
    paths = sorted(_FOLDER.glob("*.toml"))
    return (*recipes, *(Method(path.stem, str(path), _REFUSED.get(path.stem, {})) for path in paths))


def other_recipes() -> tuple[str, ...]:
    """Recipes that leave something in float, or scales to each batch, which PyTorch alone runs."""
    return tuple(name for name in recipe_names() if not recipe_named(name).gives_integers)


def method_named(name: str) -> Method:
    """Raises UserError for a name that is none of `integer_methods()`."""
    found = {method.name: method for method in integer_methods()}
    if name not in found:
        raise UserError(f"method: expected one of {', '.join(found)}, got {name!r}")
    return found[name]
