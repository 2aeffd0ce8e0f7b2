"""Recipes as files that a user can copy and edit, checked key by key."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from twofold.errors import UserError
from twofold.prune.schedule import (
    ListedPruning,
    PseudoPruning,
    QuantisedPruning,
    SoftPruning,
    StagedPruning,
    UnstructuredPruning,
)
from twofold.quant.post_training.settings import PostTraining
from twofold.quant.recipe import Apot, ApotWeights, ByLayer, Int
from twofold.train.gradual import Gradual
from twofold.train.objective import Distillation
from twofold.train.options import FitOptions
from twofold.train.recipe import TrainRecipe
from twofold.train.settings import Fit
from twofold.train.stage import FLOAT, FOLDED, PRUNED, QUANTISED

_FOLDER = Path(__file__).parent / "recipes"
_STAGES = (FLOAT, PRUNED, QUANTISED, FOLDED)
_LEVELS = {"int": Int, "apot": Apot, "apot-weights": ApotWeights}
_FROM_SCRATCH, _POST_TRAINING, _GRADUAL = "from_scratch", "post_training", "gradual"
_SECTIONS = ("quantisation", "pruning", "distillation", "train", _FROM_SCRATCH, _POST_TRAINING, _GRADUAL)
_METHODS = {
    "staged": StagedPruning,
    "listed": ListedPruning,
    "quantised": QuantisedPruning,
    "soft": SoftPruning,
    "pseudo": PseudoPruning,
    "unstructured": UnstructuredPruning,
}
#: Any stage's training, to try options on.
_PROBE = Fit(1)

T = TypeVar("T")
Table = Mapping[str, Any]


def recipe_names() -> tuple[str, ...]:
    """The recipes that come with the project."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def recipe_path(name: str) -> Path:
    """The file of one of `recipe_names()`, to copy."""
    return _FOLDER / f"{name}.toml"


def recipe_named(name: str) -> TrainRecipe:
    """name: one of `recipe_names()`, or the path of a .toml file.

    Raises UserError for another name and, with file and key, for a file that is no recipe.
    """
    if name in recipe_names():
        return read_recipe(recipe_path(name))
    if name.endswith(".toml"):
        return read_recipe(Path(name))
    raise UserError(f"recipe: expected one of {', '.join(recipe_names())} or a .toml file, got {name!r}")


def read_recipe(path: Path) -> TrainRecipe:
    """A recipe with the file's name. Raises UserError, naming file and key, for what is not understood.

    A file that begins with `base = "NAME"`, one of `recipe_names()`, says only what differs from that recipe.
    """
    content = parsed(path)
    try:
        return recipe_of(path.stem, content)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def recipe_of(name: str, content: Table) -> TrainRecipe:
    """A recipe from what its file holds. Raises UserError, naming the key, for what is not understood."""
    content = with_base(content)
    _check_keys("", content, _SECTIONS)
    recipe = TrainRecipe(
        name,
        _chosen(content, "quantisation", "levels", _LEVELS),
        _chosen(content, "pruning", "method", _METHODS),
        _section(content, "distillation", Distillation),
        _options(content.get("train", {})),
        _typed(_FROM_SCRATCH, content.get(_FROM_SCRATCH, False), bool),
        _section(content, _POST_TRAINING, PostTraining),
        _section(content, _GRADUAL, Gradual),
    )
    _check_whole(recipe)
    return recipe


def _check_whole(recipe: TrainRecipe) -> None:
    """Raises UserError for sections that need one another, or exclude one another."""
    if isinstance(recipe.pruning, SoftPruning | QuantisedPruning) and recipe.quantisation is None:
        method = "soft" if isinstance(recipe.pruning, SoftPruning) else "quantised"
        raise UserError(f'[pruning] method: "{method}" prunes what is quantised; expected [quantisation] too')
    if recipe.from_scratch and recipe.quantisation is None:
        raise UserError(f"{_FROM_SCRATCH}: leaves the float stage out; expected [quantisation] too")
    if recipe.post_training is not None and not isinstance(recipe.quantisation, Int):
        raise UserError(f'[{_POST_TRAINING}]: expected [quantisation] with levels = "int"')
    if recipe.post_training is not None and (
        recipe.from_scratch or isinstance(recipe.pruning, SoftPruning | QuantisedPruning)
    ):
        raise UserError(
            f"[{_POST_TRAINING}]: expected a trained network, neither {_FROM_SCRATCH} nor pruning of "
            "what is quantised"
        )
    untrained = recipe.quantisation is None or recipe.post_training is not None
    if recipe.gradual is not None and (untrained or isinstance(recipe.pruning, SoftPruning)):
        raise UserError(
            f"[{_GRADUAL}]: expected [quantisation], which is trained, and no soft pruning; each step trains"
        )
    if recipe.from_scratch and (recipe.pruning is not None or recipe.distillation is not None):
        raise UserError(
            f"{_FROM_SCRATCH}: expected neither [pruning] nor [distillation], which need a float network"
        )


def parsed(path: Path) -> Table:
    """What a TOML file holds. Raises UserError for a file that is none."""
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise UserError(f"{path}: expected a recipe file, cannot read it: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path}: expected a TOML file, got: {error}") from error


def with_base(content: Table) -> Table:
    """The base's keys, overruled by those of `content`."""
    if "base" not in content:
        return content
    base = content["base"]
    if base not in recipe_names():
        raise UserError(f"base: expected one of {', '.join(recipe_names())}, got {base!r}")
    changes = {key: value for key, value in content.items() if key != "base"}
    return merged(with_base(parsed(recipe_path(base))), changes)


def merged(table: Table, changes: Table) -> Table:
    """The keys of `table`, overruled by those of `changes`, table by table."""
    result = dict(table)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(table.get(key), dict)
        result[key] = merged(table[key], value) if nested else value
    return result


def _options(content: Table) -> dict[str, FitOptions]:
    _check_keys("train", content, _STAGES)
    options = {stage: _made(f"train.{stage}", table, FitOptions) for stage, table in content.items()}
    for stage, option in options.items():
        try:
            option.applied(_PROBE)
        except UserError as error:
            raise UserError(f"[train.{stage}] {error}") from error
    return options


def _chosen(content: Table, section: str, selector: str, kinds: Mapping[str, type[T]]) -> T | None:
    """The section as the class that its key `selector` names; None if there is no such section."""
    if section not in content:
        return None
    table = _table(section, content[section])
    word = table.get(selector)
    if not isinstance(word, str) or word not in kinds:
        raise UserError(f"[{section}] {selector}: expected one of {', '.join(kinds)}, got {word!r}")
    rest = {key: value for key, value in table.items() if key != selector}
    return _made(section, rest, kinds[word])


def _section(content: Table, name: str, kind: type[T]) -> T | None:
    return _made(name, content[name], kind) if name in content else None


def _made(section: str, content: Any, kind: type[T]) -> T:
    """An instance of the dataclass `kind` from a table of its fields."""
    types = get_type_hints(kind)
    table = _table(section, content)
    _check_keys(section, table, [field.name for field in fields(kind)])  # type: ignore[arg-type]
    values = {key: _typed(f"[{section}] {key}", value, types[key]) for key, value in table.items()}
    try:
        return kind(**values)
    except UserError as error:
        raise UserError(f"[{section}] {error}") from error


def _table(section: str, content: Any) -> Table:
    if not isinstance(content, dict):
        raise UserError(f"{section}: expected a table [{section}], got {content!r}")
    return content


def _check_keys(section: str, content: Any, known: Collection[str]) -> None:
    for key in _table(section, content):
        if key not in known:
            where = f"[{section}] {key}" if section else f"[{key}]"
            raise UserError(f"{where}: unknown; expected one of {', '.join(known)}")


def _typed(where: str, value: Any, declared: Any) -> Any:
    (kind,) = (part for part in _parts(declared) if part is not type(None))
    if kind is ByLayer:
        return _by_layer(where, value)
    if get_origin(kind) is tuple:
        return _numbers(where, value)
    if get_origin(kind) is Mapping:
        return _counts(where, value)
    if kind is float and type(value) is int:
        return float(value)
    if issubclass(kind, StrEnum):
        if value not in list(kind):
            raise UserError(f"{where}: expected one of {', '.join(kind)}, got {value!r}")
        return kind(value)
    if type(value) is not kind:
        raise UserError(f"{where}: expected {_WORDS[kind]}, got {value!r}")
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
