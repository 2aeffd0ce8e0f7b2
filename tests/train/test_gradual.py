"""Widths step by step: every step's network, and what the last one exports."""

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
from twofold.quant.recipe import Apot, ByLayer, Int
from twofold.quant.widths import Width, widths_of
from twofold.train.checkpoint import Checkpoint
from twofold.train.gradual import Descent, Gradual, at_least
from twofold.train.recipe import Budget
from twofold.train.recipe_file import read_recipe
from twofold.train.restore import restore
from twofold.train.result import checkpoint_path
from twofold.train.run import train
from twofold.train.settings import Adam, Fit

TEXT = "[quantisation]\nlevels = 'int'\nbits = 4\n[gradual]\nweights = [6]\nactivations = []\n"


def network() -> DemoNet:
    torch.manual_seed(0)
    return DemoNet(widths=(4, 6))


def test_weights_come_first_and_the_last_step_is_what_the_recipe_says() -> None:
    assert Gradual((8, 6), (6,)).steps() == ((8, 8), (6, 8), (0, 8), (0, 6), (0, 0))


def test_a_layer_that_stays_wider_stays_wider() -> None:
    recipe = at_least(Apot(4, 4, layers=ByLayer.of({"conv2": 7, "fc": "float"})), network(), 6, 5)
    widths = dict(recipe.layers.widths)
    assert (widths["conv1"], widths["conv2"], widths["conv3"], widths["fc"]) == (8, 7, 6, "float")
    assert (widths["conv1_act"], widths["down_act"]) == (5, 5)


def test_each_step_begins_with_the_weights_of_the_one_before(few_digits: Dataset) -> None:
    first, *later = Descent(Int(4), Gradual((8,), ())).transforms()
    model = first(network(), few_digits.train)
    assert widths_of(model)["conv2"] == Width(8, 8)
    with torch.no_grad():
        model.get_submodule("conv2").weight.mul_(2)  # type: ignore[operator, union-attr]
        model.get_submodule("bn2").running_mean.add_(1)  # type: ignore[operator, union-attr]
    second = later[0](model, few_digits.train)
    assert widths_of(second)["conv2"] == Width(4, 8)
    for name in ("conv2.weight", "bn2.running_mean", "fc.bias"):
        assert torch.equal(second.state_dict()[name], model.state_dict()[name]), name


def test_a_run_goes_through_all_steps_and_computes_exactly(few_digits: Dataset, tmp_path: Path) -> None:
    path, fit = tmp_path / "mine.toml", Fit(1, Adam(1e-3), batch=48)
    path.write_text(TEXT)
    budget = Budget(fit, fit, fit, fit)
    result = train(str(path), few_digits, tmp_path / "run", model=network(), budget=budget)
    stages = Checkpoint.read(checkpoint_path(result.folder)).finished
    assert list(stages) == ["float", "quantised 1 of 3", "quantised 2 of 3", "quantised", "folded"]
    imported, images = import_model(result.onnx), few_digits.test.real.numpy()
    found = execute(imported, quantise(images, imported.input.type))
    for name, expected in run_frozen(result.frozen, images).items():
        assert np.array_equal(found[name], expected), name
    restored = restore(result.folder, str(path), network(), few_digits.image_shape)
    assert torch.equal(restored(few_digits.test.real), result.module(few_digits.test.real))


@pytest.mark.parametrize(
    "text, message",
    [
        (
            TEXT.replace("[6]", "[6, 8]"),
            r"gradual weights: expected falling widths of 8 to 2 bits, got \[6, 8\]",
        ),
        (TEXT.replace("[6]", "['6']"), r"\[gradual\] weights: expected a list of whole numbers"),
        ("[gradual]", r"\[gradual\]: expected \[quantisation\], which is trained"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_recipe(path)
