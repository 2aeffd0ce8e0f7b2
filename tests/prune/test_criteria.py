"""The geometric-median criterion."""

from __future__ import annotations

import torch

from twofold.prune.criteria import geometric_median


def test_the_filter_that_the_others_surround_is_worth_least() -> None:
    corners = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    filters = torch.cat([corners, torch.zeros(1, 2)]).reshape(5, 2, 1, 1)
    assert int(geometric_median(filters).argmin()) == 4


def test_importance_is_the_sum_of_distances() -> None:
    filters = torch.randn(6, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    expected = [sum(float((a - b).norm()) for b in filters) for a in filters]
    assert torch.allclose(geometric_median(filters), torch.tensor(expected, dtype=torch.float64), rtol=1e-5)


def test_size_does_not_matter_but_place_does() -> None:
    filters = torch.tensor([[10.0], [10.1], [10.2], [0.1]])
    assert int(geometric_median(filters).argmax()) == 3, "a small filter far from the rest is kept"
