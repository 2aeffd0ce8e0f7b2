"""Recipes that quantise after training: one stage more, no epoch more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.golden.codes import quantise
from twofold.golden.execute import execute
from twofold.models.demo import DemoNet
from twofold.qonnx.freeze_run import run_frozen
from twofold.qonnx.importer.load import import_model
from twofold.train.checkpoint import Checkpoint
from twofold.train.pictures import Pictures
from twofold.train.recipe import Budget
from twofold.train.recipe_file import read_recipe
from twofold.train.restore import restore
from twofold.train.result import TrainResult, checkpoint_path
from twofold.train.run import train

INT = "[quantisation]\nlevels = 'int'\n"


def network() -> DemoNet:
    torch.manual_seed(0)
    return DemoNet(widths=(4, 6))


@pytest.fixture(scope="module")
def floats(
    few_digits: Dataset, short_budget: Budget, tmp_path_factory: pytest.TempPathFactory
) -> TrainResult:
    folder = tmp_path_factory.mktemp("float")
    return train("float", few_digits, folder, model=network(), budget=short_budget)


@pytest.mark.parametrize("recipe", ["ptq_static", "ptq_equalised", "ptq_data_free"])
def test_a_static_one_is_exported_and_exact(
    recipe: str, floats: TrainResult, few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    journal = Pictures(tmp_path / "plots")
    result = train(
        recipe, few_digits, tmp_path, 0, model=network(), budget=short_budget, start=floats.folder,
        journal=journal,
    )  # fmt: skip
    checkpoint = Checkpoint.read(checkpoint_path(tmp_path))
    assert set(checkpoint.finished) == {"float", "quantised"} and checkpoint.history["quantised"] == []
    assert (tmp_path / "plots" / "confusion.svg").is_file()
    imported, images = import_model(result.onnx), few_digits.test.real.numpy()
    found = execute(imported, quantise(images, imported.input.type))
    for name, expected in run_frozen(result.frozen, images).items():
        assert np.array_equal(found[name], expected), name
    again = train(recipe, few_digits, tmp_path, 0, model=network(), budget=short_budget, start=floats.folder)
    assert again.metrics == result.metrics
    restored = restore(tmp_path, recipe, network(), few_digits.image_shape)
    with torch.no_grad():
        assert torch.equal(restored(few_digits.test.real), result.module(few_digits.test.real))


@pytest.mark.parametrize("recipe, bops", [("ptq_dynamic", 16), ("ptq_weights", 4)])
def test_the_others_are_measured_only(
    recipe: str, bops: float, floats: TrainResult, few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    result = train(recipe, few_digits, tmp_path, model=network(), budget=short_budget, start=floats.folder)
    assert (result.integer, result.size_ratio, result.bops_ratio) == (None, 4, bops)
    assert result.accuracy.quantised is not None and not result.onnx.exists()


@pytest.mark.parametrize(
    "text, message",
    [
        ("[post_training]", r"\[post_training\]: expected \[quantisation\] with levels = \"int\""),
        ("from_scratch = true\n" + INT + "[post_training]", "expected a trained network"),
        (INT + "[post_training]\ncalibration = 'best'", "calibration: expected one of min-max"),
        (INT + "[post_training]\npercentile = 0", "percentile: expected more than 50"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_recipe(path)
