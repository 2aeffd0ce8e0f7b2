"""Learning from the network of another run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.models.catalogue import drawn
from twofold.models.demo import DemoNet
from twofold.train.checkpoint import Checkpoint
from twofold.train.recipe import Budget
from twofold.train.result import TrainResult, checkpoint_path
from twofold.train.run import train
from twofold.train.stage import FLOAT
from twofold.train.teacher import taught_by

TAUGHT = "cifar10_float_taught"


@pytest.fixture(scope="module")
def run(few_digits: Dataset, short_budget: Budget, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    folder = tmp_path_factory.mktemp("teacher")
    return train("float", few_digits, folder, model=drawn("demo", 10, 1, 0), budget=short_budget)


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return dict(Checkpoint.read(checkpoint_path(folder)).finished[FLOAT])


def test_the_network_of_a_run_is_found_by_its_weights(run: TrainResult) -> None:
    network = taught_by(run.folder, classes=10, channels=1)
    assert type(network) is DemoNet and not network.training
    found, expected = network.state_dict(), weights_of(run.folder)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)


def test_a_teacher_changes_what_the_float_network_learns(
    run: TrainResult, few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("by another", "taught", "again")]
    for folder, given in zip(folders, (drawn("demo", 10, 1, 1), run.folder, str(run.folder)), strict=True):
        torch.manual_seed(0)
        model = DemoNet(widths=(4, 6))
        train(TAUGHT, few_digits, folder, model=model, budget=short_budget, teacher=given)
    other, taught, again = (weights_of(folder) for folder in folders)
    assert any(not torch.equal(other[name], taught[name]) for name in other)
    assert all(torch.equal(taught[name], again[name]) for name in taught)


def test_a_network_teaches_like_the_run_that_has_it(
    run: TrainResult, few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    given = {"run": run.folder, "network": taught_by(run.folder, classes=10, channels=1).train()}
    for name, teacher in given.items():
        train(
            TAUGHT,
            few_digits,
            tmp_path / name,
            model=drawn("demo", 10, 1, 1),
            budget=short_budget,
            teacher=teacher,
        )
    by_run, by_network = (weights_of(tmp_path / name) for name in given)
    assert all(torch.equal(by_run[name], by_network[name]) for name in by_run)
    assert isinstance(given["network"], nn.Module) and given["network"].training, "it is not changed"


def test_a_teacher_is_refused_where_nothing_is_distilled(
    run: TrainResult, few_digits: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"expected a recipe with \[distillation\], recipe float has none"):
        train("float", few_digits, tmp_path, teacher=run.folder)


def test_a_recipe_that_has_nothing_else_to_learn_from_wants_a_teacher(
    few_digits: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="teacher: expected one, as cifar10_float_taught has no other"):
        train(TAUGHT, few_digits, tmp_path)


def test_networks_that_are_none_of_ours_are_refused(
    run: TrainResult, few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    with pytest.raises(
        UserError,
        match=r"expected one of demo, .* with 7 classes .* FILE.py:NAME with --network, of a teacher",
    ):
        taught_by(run.folder, classes=7, channels=1)
    with pytest.raises(UserError, match="expected the checkpoint of an earlier training run, found none"):
        taught_by(tmp_path, classes=10, channels=1)
    with pytest.raises(UserError, match="expected the weights of resnet8, found those of another network"):
        taught_by(run.folder, 10, 1, 8, "resnet8")
