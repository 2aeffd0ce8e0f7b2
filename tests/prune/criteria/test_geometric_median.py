"""The geometric-median criterion."""

from __future__ import annotations

import torch
from torch import nn

from twofold.prune.criteria.geometric_median import GeometricMedian, summed_distances
from twofold.prune.prunable import Prunable


def test_the_filter_that_the_others_surround_is_worth_least() -> None:
    corners = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    filters = torch.cat([corners, torch.zeros(1, 2)]).reshape(5, 2, 1, 1)
    assert int(summed_distances(filters).argmin()) == 4


def test_importance_is_the_sum_of_distances() -> None:
    filters = torch.randn(6, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    expected = [sum(float((a - b).norm()) for b in filters) for a in filters]
    assert torch.allclose(summed_distances(filters), torch.tensor(expected, dtype=torch.float64), rtol=1e-5)


def test_size_does_not_matter_but_place_does() -> None:
    filters = torch.tensor([[10.0], [10.1], [10.2], [0.1]])
    assert int(summed_distances(filters).argmax()) == 3, "a small filter far from the rest is kept"


def test_every_convolution_is_scored(two_layers: nn.Module) -> None:
    scores = GeometricMedian()(Prunable.of(two_layers, torch.zeros(1, 1, 1, 1)))
    assert scores["0"].tolist() == [7, 7]
    assert scores["2"].tolist() == [5**0.5 + 1, 5**0.5 + 10**0.5, 1 + 10**0.5]
