"""Keys of runs: equal for equal inputs, and those of before later settings existed."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from twofold.data.dataset import Dataset, Images
from twofold.models.catalogue import network_named
from twofold.prune.criteria.named import CriterionName
from twofold.prune.schedule import StagedPruning
from twofold.quant.recipe import Int
from twofold.train import key
from twofold.train.key import described, digest_of, run_key
from twofold.train.options import FitOptions
from twofold.train.recipe_file import recipe_named
from twofold.train.settings import Fit


def test_later_settings_are_silent_at_their_default() -> None:
    for later in ("from_scratch", "regularisation"):
        assert later not in described(recipe_named("int8"))
    assert "layers" in described(recipe_named("small_cnn_conv")) and "layers" not in described(Int(8))
    assert described(StagedPruning()) == "StagedPruning(ratio=0.3, stages=3, align=1)"
    assert "slimming" not in described(Fit(1)) and "slimming" not in described({"float": FitOptions()})


def test_later_settings_count_where_they_are_set() -> None:
    assert "criterion=<CriterionName.L1: 'l1'>" in described(StagedPruning(criterion=CriterionName.L1))
    assert described(Fit(1, slimming=1e-4)).endswith("slimming=0.0001)")


def test_everything_else_reads_as_python_says_it() -> None:
    distillation = recipe_named("cifar10_int8").distillation
    assert distillation is not None and described(distillation) == repr(distillation)
    assert described({"a": 1, "b": None}) == "{'a': 1, 'b': None}"


class Own(nn.Module):
    def __init__(self, times: float) -> None:
        super().__init__()
        self.fc, self.times = nn.Linear(4, 2), times
        nn.init.ones_(self.fc.weight), nn.init.zeros_(self.fc.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.times * torch.dropout(self.fc(x), 0.5, self.training)


def test_another_forward_is_another_run() -> None:
    one, other = Own(1.0), Own(2.0)
    assert repr(one) == repr(other)
    assert digest_of([one], [one]) != digest_of([other], [other])
    assert digest_of([one], [one]) == digest_of([Own(1.0)], [Own(1.0).eval()])


class Branching(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


def test_networks_that_cannot_be_traced_have_a_key() -> None:
    assert digest_of([Branching()], [Branching()])


def test_runs_of_ours_that_have_begun_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key as it was before the code of networks was part of it."""
    monkeypatch.setattr(key, "version", lambda package: "any")
    images = Images(torch.zeros(10_000, 3, 2, 2, dtype=torch.uint8), torch.arange(10_000) % 10, 255)
    dataset, network, recipe = (
        Dataset("cifar10", *[images] * 3),
        network_named("resnet20"),
        recipe_named("spq"),
    )
    for parameter in network.parameters():
        nn.init.ones_(parameter)
    found = run_key(recipe, dataset, 0, network, recipe.budget(dataset), None, None)
    assert found == "073370250e83b78905c0f0f8eded4f5ca3c67b4f9ced7a32cb8f058a65b05297"
