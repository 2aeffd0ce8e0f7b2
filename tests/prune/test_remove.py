"""Physical removal: what is left computes what the whole would without the removed channels."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.prune.criteria.criterion import Scores
from twofold.prune.criteria.geometric_median import GeometricMedian
from twofold.prune.prunable import Prunable
from twofold.prune.remove import kept_filters, remove_filters, widths
from twofold.prune.schedule import ListedPruning, StagedPruning

IMAGES = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("width, kept", [(16, 12), (32, 23), (64, 45), (128, 90), (256, 180), (512, 359)])
def test_kept_filters_follow_the_paper(width: int, kept: int) -> None:
    assert kept_filters(width, 0.3) == kept


def test_a_product_that_is_whole_is_not_rounded_down() -> None:
    assert [kept_filters(100, 0.29), kept_filters(50, 0.58), kept_filters(10, 0.3 * 2 / 3)] == [71, 21, 8]


def test_a_filter_is_left_whatever_the_ratio() -> None:
    assert [kept_filters(width, 1 - 1e-12) for width in (1, 16, 512)] == [1, 1, 1]


def test_stages_end_at_the_ratio() -> None:
    plan = StagedPruning(0.3, 3).plan(DemoNet())
    assert [(stage["conv1"], stage["conv4"]) for stage in plan] == [(15, 29), (13, 26), (12, 23)]


def test_layers_that_are_added_lose_the_same_filters() -> None:
    model = DemoNet()
    keep = StagedPruning(0.3, 1).plan(model)[0]
    pruned = remove_filters(model, IMAGES, GeometricMedian(), keep)
    assert widths(pruned) == {"conv1": 12, "conv2": 12, "conv3": 12, "conv4": 23, "shortcut": 23}
    assert pruned.fc.in_features == 23
    assert pruned(IMAGES).shape == (4, 10)
    assert widths(model)["conv1"] == 16, "the argument is not changed"


def first_rows(network: Prunable) -> Scores:
    """A ranking that keeps the filters that come first."""
    counts = {name: len(network.weights_of(name)) for name in network.producers}
    return {name: torch.arange(count, 0, -1, dtype=torch.float64) for name, count in counts.items()}


def test_the_rest_computes_as_before() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 3, 3), nn.Flatten(), nn.Linear(48, 2)
    ).eval()
    expected = nn.Sequential(*list(model)[:3])(IMAGES)[:, :3]
    pruned = remove_filters(model, IMAGES, first_rows, {"0": 3})
    found = nn.Sequential(*list(pruned)[:3])(IMAGES)
    assert torch.equal(found, expected)
    assert torch.equal(pruned[3].weight, model[3].weight[:, :3])


def test_unlike_numbers_for_coupled_layers_are_refused() -> None:
    with pytest.raises(UserError, match="must keep equally many filters, got \\[10, 12\\]"):
        remove_filters(DemoNet(), IMAGES, GeometricMedian(), {"conv1": 12, "conv3": 10})


def test_listed_filters_must_fit_the_network() -> None:
    assert ListedPruning({"conv1": 3}).plan(DemoNet()) == ({"conv1": 3},)
    with pytest.raises(UserError, match=r"expected convolutions of the network, conv1, .* got conv9"):
        ListedPruning({"conv9": 3}).plan(DemoNet())
    with pytest.raises(UserError, match="conv1 has 16 filters, got 17 to keep"):
        ListedPruning({"conv1": 17}).plan(DemoNet())


@pytest.mark.parametrize("ratio, stages", [(1.0, 1), (-0.1, 1), (0.3, 0)])
def test_schedules_out_of_range_are_refused(ratio: float, stages: int) -> None:
    with pytest.raises(UserError, match="pruning"):
        StagedPruning(ratio, stages)
