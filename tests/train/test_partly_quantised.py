"""Recipes without a float stage, and with layers that are left in float."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.record import result_of
from twofold.train.checkpoint import Checkpoint
from twofold.train.recipe import Budget
from twofold.train.recipe_file import read_recipe
from twofold.train.restore import restore
from twofold.train.result import TrainResult, checkpoint_path
from twofold.train.run import train

SCRATCH = "from_scratch = true\n[quantisation]\nlevels = 'int'\n"
CONV = "[quantisation]\nlevels = 'int'\n[quantisation.layers]\nLinear = 'float'\n"


def trained(text: str, dataset: Dataset, budget: Budget, folder: Path) -> TrainResult:
    recipe = folder / "mine.toml"
    recipe.write_text(text)
    return train(str(recipe), dataset, folder / "run", model=DemoNet(widths=(4, 6)), budget=budget)


def test_from_scratch_there_is_no_float_network(
    few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    result = trained(SCRATCH, few_digits, short_budget, tmp_path)
    assert set(Checkpoint.read(checkpoint_path(result.folder)).finished) == {"quantised", "folded"}
    assert set(result.accuracy.as_json()) == {"quantised"}
    assert result.onnx.is_file() and result.size_ratio == 4
    written = json.loads((result.folder / "metrics.json").read_text())["confusion"]
    assert sum(map(sum, written)) == len(few_digits.test)
    right = sum(written[label][label] for label in range(10))
    assert 100 * right / len(few_digits.test) == result.accuracy.quantised
    with pytest.raises(UserError, match="expected a recipe with a float stage, mine starts from scratch"):
        train(str(tmp_path / "mine.toml"), few_digits, tmp_path / "next", start=result.folder)


def test_a_partly_quantised_network_is_measured_and_not_exported(
    few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    result = trained(CONV, few_digits, short_budget, tmp_path)
    assert not result.onnx.exists() and result.integer is None
    assert 1 < result.size_ratio < 4 and 1 < result.bops_ratio < 16
    row = result_of(result, "demo", few_digits, "twofold train")
    assert row.figures["accuracy"] == result.accuracy.quantised
    again = restore(result.folder, str(tmp_path / "mine.toml"), DemoNet(widths=(4, 6)), (1, 8, 8))
    assert again.state_dict().keys() == result.module.state_dict().keys()
    with pytest.raises(UserError, match="recipe mine: expected one that quantises all layers"):
        _ = result.frozen


@pytest.mark.parametrize(
    "text, message",
    [
        ("from_scratch = true", "leaves the float stage out; expected"),
        (SCRATCH + "[pruning]\nmethod = 'staged'", "expected neither"),
        ("from_scratch = 1", "from_scratch: expected true or false, got 1"),
        (
            "[quantisation]\nlevels = 'int'\nlayers = 4",
            r"\[quantisation\] layers: expected a table of widths in bits",
        ),
        (CONV.replace("'float'", "'int'"), "layers, Linear: expected a width of 2 to 8"),
    ],
)
def test_sections_that_do_not_fit_are_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_recipe(path)
