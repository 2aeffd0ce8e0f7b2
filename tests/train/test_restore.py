"""A run's model, given back without its data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.qonnx.freeze import freeze
from twofold.qonnx.freeze_run import run_frozen
from twofold.train.checkpoint import Checkpoint
from twofold.train.recipe import Budget
from twofold.train.restore import pack, restore
from twofold.train.result import TrainResult, checkpoint_path
from twofold.train.run import train
from twofold.train.stage import FOLDED

SHAPE = (1, 8, 8)


@pytest.fixture(scope="module", params=["int8", "apot", "spq"])
def result(
    request: pytest.FixtureRequest,
    few_digits: Dataset,
    short_budget: Budget,
    tmp_path_factory: pytest.TempPathFactory,
) -> TrainResult:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("run")
    return train(request.param, few_digits, folder, model=DemoNet(widths=(8, 16)), budget=short_budget)


def test_a_packed_run_gives_the_same_integers(
    result: TrainResult, few_digits: Dataset, tmp_path: Path
) -> None:
    packed = tmp_path / "packed"
    pack(result.folder, packed)
    assert list(Checkpoint.read(checkpoint_path(packed)).finished) == [FOLDED]
    assert (packed / "model.onnx").read_bytes() == result.onnx.read_bytes()
    torch.manual_seed(7)
    module = restore(packed, result.metrics.recipe, DemoNet(widths=(8, 16)), SHAPE)
    images = few_digits.test.real
    found = run_frozen(freeze(module, images), images)
    for name, expected in run_frozen(result.frozen, images).items():
        assert np.array_equal(found[name], expected), name


def test_other_networks_and_recipes_are_refused(result: TrainResult, tmp_path: Path) -> None:
    recipe = result.metrics.recipe
    with pytest.raises(
        UserError, match=f"expected weights of recipe {recipe} for this network, found others"
    ):
        restore(result.folder, recipe, DemoNet(widths=(12, 16)), SHAPE)
    unfinished = Checkpoint.read(checkpoint_path(result.folder))
    partial = Checkpoint(tmp_path / "checkpoint.pt", unfinished.key)
    partial.save_finished("float", unfinished.finished["float"], [])
    with pytest.raises(UserError, match=f"expected a run of recipe {recipe} that has finished folded"):
        restore(tmp_path, recipe, DemoNet(widths=(8, 16)), SHAPE)


@pytest.mark.parametrize(
    "granularity, scales", [("tensor", "free"), ("channel", "power-of-two"), ("channel", "free")]
)
def test_constant_scales_need_all_stages(
    granularity: str, scales: str, few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    """Multipliers take them up before the last stage, which has no weights of them."""
    recipe = tmp_path / "mine.toml"
    words = f'weight_granularity = "{granularity}"\nscales = "{scales}"\n'
    recipe.write_text(f'base = "int8"\n[quantisation]\nlevels = "int"\nbits = 8\n{words}')
    torch.manual_seed(0)
    model = DemoNet(widths=(4, 6))
    result = train(str(recipe), few_digits, tmp_path / "run", model=model, budget=short_budget)
    images = few_digits.test.real
    module = restore(result.folder, str(recipe), model, SHAPE)
    found = run_frozen(freeze(module, images), images)
    for name, expected in run_frozen(result.frozen, images).items():
        assert np.array_equal(found[name], expected), name
    pack(result.folder, tmp_path / "packed")
    with pytest.raises(
        UserError, match=r"model.onnx: expected the integers of its run's weights, got others"
    ):
        restore(tmp_path / "packed", str(recipe), DemoNet(widths=(4, 6)), SHAPE)
