"""Orders of pruning and quantising, by what their stages make of a network, without training."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from twofold.data.dataset import Images
from twofold.prune.recalibrate import recalibrate
from twofold.prune.remove import widths
from twofold.prune.schedule import JointPruning, Pruning, QuantisedPruning, SoftPruning
from twofold.quant.recipe import Int
from twofold.train.recipe import Budget, TrainRecipe
from twofold.train.settings import Fit
from twofold.train.stage import MASKED


def block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


@pytest.mark.parametrize(
    "pruning",
    [QuantisedPruning(0.5, 2), SoftPruning(0.5), JointPruning(0.5)],
    ids=["quantised", "soft", "joint"],
)
def test_layers_within_others_lose_their_filters_too(pruning: Pruning) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(block(1, 8), block(8, 6), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3))
    pixels = torch.randint(256, (16, 1, 8, 8), dtype=torch.uint8)
    examples = Images(pixels, torch.zeros(16, dtype=torch.int64), 255)
    network: nn.Module = model
    for stage in TrainRecipe("mine", Int(8), pruning).stages(model, Budget(*[Fit(1)] * 4)):
        network = stage.transform(network, examples)
    assert list(widths(network).values()) == [4, 3]


def test_a_layer_that_is_never_called_is_not_pruned() -> None:
    model = nn.Sequential(block(1, 8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
    model[0].unused = nn.Conv2d(8, 8, 1)
    model[0].forward = lambda x: model[0][2](model[0][1](model[0][0](x)))
    stages = TrainRecipe("mine", Int(8), QuantisedPruning(0.5, 1)).stages(model, Budget(*[Fit(1)] * 4))
    assert [stage.name for stage in stages] == ["float", "quantised", "pruned", "folded"]


def test_a_masked_network_is_validated_with_its_own_statistics() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(block(1, 8), block(8, 6), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3))
    pixels = torch.randint(256, (16, 1, 8, 8), dtype=torch.uint8)
    examples = Images(pixels, torch.zeros(16, dtype=torch.int64), 255)
    stages = TrainRecipe("mine", Int(8), SoftPruning(0.5)).stages(model, Budget(*[Fit(1)] * 4))
    masked = next(stage for stage in stages if stage.name == MASKED)
    network = masked.transform(model, examples)
    masked.prepare(network, examples).after_epoch(network)
    means = [norm.running_mean.clone() for norm in network.modules() if isinstance(norm, nn.BatchNorm2d)]
    recalibrate(network, [examples.real])
    after = [norm.running_mean for norm in network.modules() if isinstance(norm, nn.BatchNorm2d)]
    assert all(map(torch.equal, means, after))
    assert not torch.equal(means[0], torch.zeros(8))
