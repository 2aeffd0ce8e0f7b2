"""Recipes as files that a user can copy and edit, checked key by key."""

from __future__ import annotations

import tomllib
from pathlib import Path

from twofold.errors import UserError
from twofold.quant.post_training.settings import PostTraining
from twofold.train.gradual import Gradual
from twofold.train.objective import Distillation
from twofold.train.options import FitOptions
from twofold.train.recipe import TrainRecipe
from twofold.train.recipe_check import check_whole
from twofold.train.recipe_kinds import LEVELS, METHODS, STAGES, TERMS
from twofold.train.recipe_merge import merged
from twofold.train.recipe_tables import Table, check_keys, chosen, made, section, typed
from twofold.train.settings import Fit

_FOLDER = Path(__file__).parent / "recipes"
_SECTIONS = (
    "quantisation",
    "pruning",
    "distillation",
    "train",
    "from_scratch",
    "post_training",
    "gradual",
    "regularisation",
)
#: Any stage's training, to try options on.
_PROBE = Fit(1)


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
    check_keys("", content, _SECTIONS)
    recipe = TrainRecipe(
        name,
        chosen(content, "quantisation", "levels", LEVELS),
        chosen(content, "pruning", "method", METHODS),
        section(content, "distillation", Distillation),
        _options(content.get("train", {})),
        typed("from_scratch", content.get("from_scratch", False), bool),
        section(content, "post_training", PostTraining),
        section(content, "gradual", Gradual),
        chosen(content, "regularisation", "term", TERMS),
    )
    check_whole(recipe)
    return recipe


def parsed(path: Path) -> Table:
    """What a TOML file holds. Raises UserError for a file that is none."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{path}: expected a TOML file, cannot read it: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path}: expected a TOML file, got: {error}") from error


def with_base(content: Table) -> Table:
    """The base's keys, overruled by those of `content` (`twofold.train.recipe_merge`)."""
    if "base" not in content:
        return content
    base = content["base"]
    if base not in recipe_names():
        raise UserError(f"base: expected one of {', '.join(recipe_names())}, got {base!r}")
    changes = {key: value for key, value in content.items() if key != "base"}
    return merged(with_base(parsed(recipe_path(base))), changes)


def _options(content: Table) -> dict[str, FitOptions]:
    check_keys("train", content, STAGES)
    options = {stage: made(f"train.{stage}", table, FitOptions) for stage, table in content.items()}
    for stage, option in options.items():
        try:
            option.applied(_PROBE)
        except UserError as error:
            raise UserError(f"[train.{stage}] {error}") from error
    return options
