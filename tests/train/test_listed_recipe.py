"""What a search writes is read as a recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.prune.criteria.named import CriterionName
from twofold.prune.schedule import ListedPruning
from twofold.train.listed_recipe import write_recipe
from twofold.train.recipe_file import recipe_named


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path, keep = tmp_path / "filters.toml", {"conv1": 12, "stack1.0.conv1": 9}
    write_recipe(keep, CriterionName.TAYLOR, "int8", path)
    recipe = recipe_named(str(path))
    assert recipe.pruning == ListedPruning(keep, CriterionName.TAYLOR)
    assert recipe.quantisation == recipe_named("int8").quantisation


def test_stages_are_pruned_then_quantised(tmp_path: Path, few_digits: Dataset) -> None:
    write_recipe({"conv2": 9}, CriterionName.L1, "int8", tmp_path / "filters.toml")
    recipe = recipe_named(str(tmp_path / "filters.toml"))
    stages = recipe.stages(DemoNet(), recipe.budget(few_digits))
    assert [stage.name for stage in stages] == ["float", "pruned", "quantised", "folded"]


@pytest.mark.parametrize("base", ["ppq", "mine.toml"])
def test_other_bases_are_refused(base: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"expected a recipe by name that does not prune, .* got {base}"):
        write_recipe({"conv1": 3}, CriterionName.L1, base, tmp_path / "filters.toml")
