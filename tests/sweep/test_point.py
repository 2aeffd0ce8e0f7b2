from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.sweep.point import Point, toml_text
from twofold.train.recipe_file import recipe_named, recipe_path


def test_settings_overrule_the_base() -> None:
    recipe = Point("apot", {"quantisation": {"weight_bits": 3}, "pruning": {"ratio": 0.5}}).recipe
    assert recipe.quantisation is not None and recipe.quantisation.weight_bits == 3
    assert recipe.pruning is not None and recipe.pruning.ratio == 0.5
    assert recipe.pruning.stages == 3


def test_recipes_that_say_the_same_have_one_key(tmp_path: Path) -> None:
    by_hand, spelled = Point("apot", {}), Point("apot", {"pruning": {"ratio": 0.3, "align": 1}})
    copy = tmp_path / "copy.toml"
    copy.write_text(recipe_path("apot").read_text())
    assert by_hand.key == spelled.key == Point(str(copy), {}).key
    assert by_hand.key != Point("apot", {"pruning": {"ratio": 0.4}}).key


def test_the_written_recipe_is_the_point(tmp_path: Path) -> None:
    point = Point("apot", {"pruning": {"criterion": "l1"}, "train": {"float": {"epochs": 2}}})
    path = point.write(tmp_path)
    assert path.name == f"apot-{point.key}.toml"
    written = recipe_named(str(path))
    assert (written.quantisation, written.pruning) == (point.recipe.quantisation, point.recipe.pruning)
    assert written.options == point.recipe.options


def test_a_base_may_be_a_file_of_ones_own(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('base = "int8"\n[quantisation]\nbits = 6\n')
    point = Point(str(mine), {"quantisation": {"bits": 5}})
    assert point.content == {"base": "int8", "quantisation": {"bits": 5}}
    assert point.name.startswith("mine-")


def test_a_key_that_no_recipe_has_is_named() -> None:
    with pytest.raises(UserError, match=r"\[pruning\] speed: unknown"):
        _ = Point("apot", {"pruning": {"speed": 1}}).key


def test_toml_is_read_back_as_it_was() -> None:
    table = {
        "base": 'a "quoted" name',
        "flag": True,
        "layers": {"conv1.weights": [1, 2], "deep": {"empty": {}, "rate": 1e-05}},
    }
    assert tomllib.loads(toml_text(table)) == table
