"""A recipe that prunes to listed widths."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from twofold.errors import UserError
from twofold.files import write_atomically
from twofold.prune.criteria.named import CriterionName
from twofold.train.recipe_file import recipe_named


def check_base(base: str) -> None:
    """Raises UserError for what is no recipe that comes with twofold and does not prune."""
    if base.endswith(".toml") or recipe_named(base).pruning is not None:
        raise UserError(
            f"base: expected a recipe by name that does not prune, such as cifar10_int8, got {base}"
        )


def write_recipe(keep: Mapping[str, int], criterion: CriterionName, base: str, path: Path) -> None:
    """keep: layer → filters. base: as `check_base` accepts it."""
    check_base(base)
    lines = [
        "# Filters of each layer as `twofold filters` found them. What is not said here is as in its base.",
        f'base = "{base}"',
        "",
        "[pruning]",
        'method = "listed"',
        f'criterion = "{criterion}"',
        "",
        "[pruning.keep]",
        *(f"{json.dumps(layer)} = {count}" for layer, count in keep.items()),
    ]
    write_atomically(path, "\n".join(lines) + "\n")
