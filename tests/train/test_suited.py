"""What is refused before anything is trained, and what is left to trained weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.prune.criteria.named import CriterionName
from twofold.train.listed_recipe import write_recipe
from twofold.train.recipe_file import recipe_named
from twofold.train.suited import refuse_unsuited


class Own(nn.Module):
    """For digits; those that follow can be trained, but not all can be exported."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.narrow, self.on_maps = (
            nn.Conv2d(1, 8, 3, padding=1),
            nn.Conv2d(1, 1, 1),
            nn.Linear(8, 8),
        )
        self.fc = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(torch.relu(self.maps(x)).mean((2, 3)))

    def maps(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Broadcasting(Own):
    def maps(self, x: Tensor) -> Tensor:
        return self.conv(x) + self.narrow(x)


class LinearOnMaps(Own):
    def maps(self, x: Tensor) -> Tensor:
        return self.on_maps(torch.relu(self.conv(x)))


class Doubling(Own):
    def maps(self, x: Tensor) -> Tensor:
        once = torch.relu(self.conv(x))
        return once + once


class JoinedAndAdded(Own):
    """What is joined is added to a convolution: their filters could only go together."""

    def __init__(self) -> None:
        super().__init__()
        self.whole, self.fc = nn.Conv2d(1, 9, 1), nn.Linear(9, 10)

    def maps(self, x: Tensor) -> Tensor:
        joined = torch.cat([torch.relu(self.conv(x)), torch.relu(self.narrow(x))], 1)
        return joined + self.whole(x)


class OfClasses(Own):
    """Its one convolution gives the logits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 10, 1), nn.Identity()


class EndsInConvolution(Own):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 10, 1))
        self.fc = nn.Identity()


class Normed(Own):
    def __init__(self) -> None:
        super().__init__()
        weight_norm(self.conv)


def check(network: nn.Module, recipe: str, dataset: Dataset) -> None:
    refuse_unsuited(network, recipe_named(recipe), dataset, dataset.train.take(slice(16)).real)


@pytest.mark.parametrize("recipe", ["int8", "apot"])
@pytest.mark.parametrize(
    ("network", "said"),
    [
        (
            Broadcasting,
            r"node add \(add\): expected two tensors of equal shape to add, got \[8, 8, 8\] and \[1",
        ),
        (
            LinearOnMaps,
            "LinearOnMaps: cannot be exported: MatMul 'on_maps.matmul': .*; flatten the feature map",
        ),
    ],
)
def test_what_cannot_be_exported_is_refused(
    few_digits: Dataset, network: type[nn.Module], said: str, recipe: str
) -> None:
    with pytest.raises(UserError, match=said):
        check(network(), recipe, few_digits)
    check(network(), "float", few_digits)


@pytest.mark.parametrize("recipe", ["apot", "spq"])
@pytest.mark.parametrize(
    ("network", "said"),
    [
        (JoinedAndAdded, "pruning: expected convolutions of equal width"),
        (OfClasses, "OfClasses: expected convolutions, whose filters recipe .* prunes, found none"),
        (Normed, "conv: expected weights that filters can be removed from, .*; call remove_parametrizations"),
    ],
)
def test_what_cannot_be_pruned_is_refused(
    few_digits: Dataset, network: type[nn.Module], said: str, recipe: str
) -> None:
    made = network()
    with pytest.raises(UserError, match=said):
        check(made, recipe, few_digits)
    check(made, "int8", few_digits)


def test_listed_filters_of_the_logits_are_refused(few_digits: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "filters.toml"
    write_recipe({"conv.0": 4}, CriterionName.L1, "int8", path)
    check(EndsInConvolution(), str(path), few_digits)
    write_recipe({"conv.0": 4, "conv.2": 5}, CriterionName.L1, "int8", path)
    with pytest.raises(
        UserError, match=r"pruning keep: conv\.2: expected layers that can lose filters, conv\.0;"
    ):
        check(EndsInConvolution(), str(path), few_digits)


@pytest.mark.parametrize("recipe", ["int8", "apot"])
def test_what_can_be_exported_is_not(few_digits: Dataset, recipe: str) -> None:
    for network in (Own(), Doubling()):
        check(network, recipe, few_digits)


def test_values_that_training_will_change_are_not_judged(few_digits: Dataset) -> None:
    network = Own()
    nn.init.constant_(network.conv.bias, -100)  # so nothing passes the rectifier yet
    check(network, "int8", few_digits)


def test_random_numbers_of_training_stay_the_same(few_digits: Dataset) -> None:
    network, drawn = Own(), []
    for recipe in ("int8", "ptq_dynamic"):
        torch.manual_seed(3)
        check(network, recipe, few_digits)
        drawn.append(torch.rand(2).tolist())
    assert drawn[0] == drawn[1], "ptq_dynamic exports nothing"
