"""Budgets: how long and on what images each kind of data set trains."""

from __future__ import annotations

import pytest
import torch

from twofold.data.dataset import Dataset, Images
from twofold.train.augment import Augmentation
from twofold.train.recipe import Budget
from twofold.train.recipe_file import recipe_of
from twofold.train.settings import Adam, Sgd

FEW, MANY = 50, 10_000


def data_set(name: str, count: int, *shape: int) -> Dataset:
    images = Images(torch.zeros(count, *shape, dtype=torch.uint8), torch.zeros(count, dtype=torch.int64), 255)
    return Dataset(name, images, images, images)


@pytest.mark.parametrize(
    "dataset, move",
    [
        (data_set("jets", FEW, 16, 1, 1), Augmentation(shift=0)),
        (data_set("jets", MANY, 16, 1, 1), Augmentation(shift=0)),
        (data_set("jets", MANY, 1, 1, 1), Augmentation(shift=0)),
        (data_set("digits", FEW, 1, 8, 8), Augmentation(shift=1)),
        (data_set("mnist", MANY, 1, 8, 8), Augmentation(shift=2)),
        (data_set("cifar10", MANY, 3, 8, 8), Augmentation(shift=4, flip=0.5)),
        (data_set("signs", MANY, 3, 8, 8), Augmentation(shift=4)),
        (data_set("signals", MANY, 2, 1, 16), Augmentation(shift=4)),
    ],
    ids=lambda value: f"{value.name} {len(value.train)}" if isinstance(value, Dataset) else "",
)
def test_what_moves(dataset: Dataset, move: Augmentation) -> None:
    budget = Budget.for_dataset(dataset)
    fits = budget.float_, budget.pruned, budget.quantised, budget.folded
    assert [fit.augmentation for fit in fits] == [move] * 4


def test_many_measured_quantities_are_not_trained_like_photographs() -> None:
    fit = Budget.for_dataset(data_set("jets", MANY, 16, 1, 1)).float_
    assert (fit.epochs, fit.batch, fit.optimiser) == (30, 256, Adam(2e-3))
    photographs = Budget.for_dataset(data_set("cifar10", MANY, 3, 8, 8)).float_
    assert (photographs.epochs, photographs.optimiser) == (100, Sgd(0.2, nesterov=True))


def test_a_recipe_may_ask_for_mirrored_images() -> None:
    asking = recipe_of("mine", {"base": "int8", "train": {"float": {"flip": 0.5}}})
    assert asking.budget(data_set("leaves", MANY, 3, 8, 8)).float_.augmentation == Augmentation(4, 0.5)
