"""Every recipe, trained for a moment: what it leaves computes the same integers as its exported file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.golden.codes import quantise
from twofold.golden.compare import Status
from twofold.golden.execute import execute
from twofold.models.demo import DemoNet
from twofold.network.ops import Conv2d, Linear
from twofold.prune.remove import widths
from twofold.qonnx.freeze_run import run_frozen
from twofold.qonnx.importer.load import import_model
from twofold.train.checkpoint import Checkpoint
from twofold.train.recipe import Budget
from twofold.train.result import TrainResult, checkpoint_path
from twofold.train.run import train
from twofold.verification.verify import verify


def trained(
    recipe: str, dataset: Dataset, folder: Path, budget: Budget, start: Path | None = None
) -> TrainResult:
    torch.manual_seed(0)
    return train(recipe, dataset, folder, model=DemoNet(widths=(8, 16)), budget=budget, start=start)


@pytest.fixture(scope="module")
def floats(
    few_digits: Dataset, short_budget: Budget, tmp_path_factory: pytest.TempPathFactory
) -> TrainResult:
    return trained("float", few_digits, tmp_path_factory.mktemp("float"), short_budget)


def test_a_float_network_has_no_integers(floats: TrainResult) -> None:
    assert {path.name for path in floats.folder.iterdir()} == {"checkpoint.pt", "metrics.json"}
    assert set(floats.accuracy.as_json()) == {"float"}
    assert (floats.size_ratio, floats.bops_ratio) == (1, 1)
    with pytest.raises(UserError, match="recipe float: expected one that quantises"):
        _ = floats.frozen


@pytest.mark.parametrize(
    "recipe", ["spq", "ppq", "apot_w4_uniform_a4", "int8_prune", "pseudo", "two_bit", "joint", "int4_error"]
)
def test_the_file_computes_what_was_trained(
    recipe: str, floats: TrainResult, few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    result = trained(recipe, few_digits, tmp_path, short_budget, start=floats.folder)
    assert result.accuracy.full == floats.accuracy.full
    network = import_model(result.onnx)
    images = few_digits.test.real.numpy()
    found = execute(network, quantise(images, network.input.type))
    for name, expected in run_frozen(result.frozen, images).items():
        assert np.array_equal(found[name], expected), name


def test_two_bit_weights_are_two_bits_and_the_executor_agrees(
    floats: TrainResult, few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    result = trained("two_bit", few_digits, tmp_path, short_budget, start=floats.folder)
    layers = {op.name: op for op in import_model(result.onnx).ops if isinstance(op, Conv2d | Linear)}
    assert all(np.abs(layers.pop(edge).weight).max() > 63 for edge in ("conv1", "fc"))
    assert set(layers) == {"conv2", "conv3", "conv4", "shortcut"}
    for layer in layers.values():
        assert set(np.unique(layer.weight)) == {-1, 0, 1}, layer.name
        assert 0.2 < np.mean(layer.weight != 0) < 0.9, layer.name
    (check,) = verify(result.onnx, ["qonnx"], frames=4, work=tmp_path)
    assert check.status is Status.PASS


def test_soft_pruning_ends_with_fewer_filters(
    floats: TrainResult, few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    result = trained("spq", few_digits, tmp_path, short_budget, start=floats.folder)
    assert dict(widths(result.frozen.module)) == {
        "conv1": 6, "conv2": 6, "conv3": 6, "conv4": 12, "shortcut": 12,
    }  # fmt: skip
    assert result.accuracy.pruned is not None
    finished = Checkpoint.read(checkpoint_path(tmp_path)).finished
    assert list(finished) == ["float", "masked", "pruned", "folded"]
    zero = [not filter_.any() for filter_ in finished["masked"]["conv4.weight"]]
    assert sum(zero) == 4


@pytest.mark.parametrize("levels", ["levels = 'int'\nweight_granularity = 'channel'", "levels = 'apot'"])
def test_weights_pruned_one_by_one_are_zero_in_the_file(
    levels: str, floats: TrainResult, few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text(f"base = 'unstructured_l1'\n[pruning]\nratio = 0.6\n[quantisation]\n{levels}\n")
    if "apot" in levels:
        recipe.write_text(f"[pruning]\nmethod = 'unstructured'\nratio = 0.6\n[quantisation]\n{levels}\n")
    result = trained(str(recipe), few_digits, tmp_path, short_budget, start=floats.folder)
    pruned = Checkpoint.read(checkpoint_path(tmp_path)).finished["pruned"]
    network = import_model(result.onnx)
    layers = [op for op in network.ops if isinstance(op, Conv2d | Linear)]
    assert len(layers) == 6
    for layer in layers:
        zeros = pruned[f"{layer.name}.weight"].numpy() == 0
        assert zeros.mean() == pytest.approx(0.6, abs=0.02)
        assert not layer.weight[zeros].any(), layer.name


def test_an_edited_copy_trains(floats: TrainResult, few_digits: Dataset, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        "[quantisation]\nlevels = 'int'\nbits = 4\n"
        "[train.quantised]\nepochs = 1\n[train.folded]\nepochs = 1\n"
    )
    torch.manual_seed(0)
    network = DemoNet(widths=(8, 16))
    result = train(str(recipe), few_digits, tmp_path, model=network, start=floats.folder)
    assert result.metrics.recipe == "mine"
    assert set(result.weight_histograms["conv2"]) <= set(range(-7, 8))


@pytest.mark.parametrize(
    "text",
    [
        "levels = 'int'\nbits = 4\nweight_granularity = 'channel'\nscales = 'free'",
        "levels = 'int'\nbits = 5\nweight_granularity = 'channel'\n[pruning]\nmethod = 'soft'",
        "levels = 'apot'\nscales = 'free'",
    ],
    ids=["channel-free", "channel-soft", "apot-free"],
)
def test_scales_that_multipliers_carry_train_and_resume(
    text: str, floats: TrainResult, few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text(f"[quantisation]\n{text}\n")
    result = trained(str(recipe), few_digits, tmp_path, short_budget, start=floats.folder)
    assert any(name.endswith("_scale") for name, _ in result.frozen.module.named_children())
    network, images = import_model(result.onnx), few_digits.test.real.numpy()
    found = execute(network, quantise(images, network.input.type))
    for name, expected in run_frozen(result.frozen, images).items():
        assert np.array_equal(found[name], expected), name
    written = result.onnx.read_bytes()
    result.onnx.unlink()
    again = trained(str(recipe), few_digits, tmp_path, short_budget, start=floats.folder)
    assert again.onnx.read_bytes() == written, "folded weights from the checkpoint are the trained ones"
