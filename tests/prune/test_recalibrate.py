"""Statistics after pruning, and masked networks."""

from __future__ import annotations

import copy

import torch
from torch import nn

from twofold.models.demo import DemoNet
from twofold.prune.criteria.filter_norm import FilterNorm
from twofold.prune.prunable import Prunable
from twofold.prune.recalibrate import masked_copy, recalibrate
from twofold.prune.remove import filters_to_remove, remove_filters
from twofold.prune.schedule import StagedPruning

IMAGES = torch.rand(32, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def test_statistics_are_those_of_all_batches() -> None:
    torch.manual_seed(0)
    model = DemoNet()
    recalibrate(model, [IMAGES[:16], IMAGES[16:]])
    results = model.conv1(IMAGES)
    assert torch.allclose(model.bn1.running_mean, results.mean((0, 2, 3)), atol=1e-6)
    assert (model.training, model.bn1.momentum) == (False, 0.1)


def test_a_batch_of_one_image_is_left_out_beside_others() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
    twin = copy.deepcopy(model)
    recalibrate(model, [IMAGES[:16], IMAGES[16:17]])
    recalibrate(twin, [IMAGES[:16]])
    assert torch.equal(model[2].running_mean, twin[2].running_mean)


def test_a_masked_network_is_recalibrated_like_a_pruned_one() -> None:
    torch.manual_seed(0)
    model = DemoNet()
    (keep,) = StagedPruning(0.3, 1).plan(model)
    network = Prunable.of(model, IMAGES)
    masked = masked_copy(
        model, network.groups, filters_to_remove(network.groups, FilterNorm(1)(network), keep)
    )
    pruned = remove_filters(model, IMAGES, FilterNorm(1), keep)
    for each in (masked, pruned):
        recalibrate(each, [IMAGES])
    assert torch.allclose(masked(IMAGES), pruned(IMAGES), atol=1e-5)
    assert torch.equal(model.bn1.running_mean, torch.zeros(16)), "the argument is not changed"
