"""Pseudo pruning: the loss, by its parts, and what it leaves of the network."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.prune.criteria.filter_norm import FilterNorm
from twofold.prune.prunable import Prunable
from twofold.prune.remove import remove_filters
from twofold.prune.schedule import PseudoPruning
from twofold.train.twin import TwinTraining

IMAGES = torch.rand(16, 1, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(16) % 10


@pytest.fixture
def model() -> DemoNet:
    torch.manual_seed(0)
    return DemoNet(widths=(4, 8))


def companion(model: DemoNet, ratio: float, weight: float = 1.0) -> TwinTraining:
    keep = PseudoPruning(ratio).keep(model)
    twin = TwinTraining(Prunable.of(model, IMAGES).groups, FilterNorm(1), keep, weight)
    twin.before_epoch(model)
    return twin


def test_the_loss_is_the_pruned_networks(model: DemoNet) -> None:
    twin = companion(model, 0.3, weight=0.5)
    pruned = remove_filters(model, IMAGES, FilterNorm(1), PseudoPruning(0.3).keep(model))
    logits, answers = model(IMAGES), pruned(IMAGES)
    distance = F.kl_div(answers.log_softmax(1), logits.softmax(1), reduction="batchmean")
    expected = 0.5 * (F.cross_entropy(answers, LABELS) + distance)
    assert twin.penalty(model, IMAGES, logits, LABELS).item() == pytest.approx(expected.item(), rel=1e-4)


def test_nothing_pruned_is_no_distance(model: DemoNet) -> None:
    logits = model(IMAGES)
    found = companion(model, 0.0).penalty(model, IMAGES, logits, LABELS)
    assert found.item() == pytest.approx(F.cross_entropy(logits, LABELS).item(), rel=1e-5)


def test_statistics_are_the_whole_networks(model: DemoNet) -> None:
    logits = model(IMAGES)
    before = {name: values.clone() for name, values in model.named_buffers()}
    companion(model, 0.5).penalty(model, IMAGES, logits, LABELS).backward()
    assert all(torch.equal(values, before[name]) for name, values in model.named_buffers())
    assert model.conv2.weight.grad is not None


@pytest.mark.parametrize("weight", [0.0, math.nan, math.inf])
def test_a_weight_out_of_range_is_refused(weight: float) -> None:
    with pytest.raises(UserError, match=f"pruning weight: expected more than 0 and finite, got {weight}"):
        PseudoPruning(weight=weight)
