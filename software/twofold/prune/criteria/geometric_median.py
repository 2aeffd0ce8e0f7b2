"""Filters that the others of their layer can stand in for."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from twofold.prune.criteria.criterion import Scores, WeightCriterion
from twofold.prune.prunable import Prunable


@dataclass(frozen=True)
class GeometricMedian(WeightCriterion):
    """A filter near its layer's geometric median is worth least.

    He et al., "Filter Pruning via Geometric Median", arXiv 1811.00250, equation 7.
    """

    def __call__(self, network: Prunable) -> Scores:
        return {name: summed_distances(network.weights_of(name)) for name in network.producers}


def summed_distances(filters: Tensor) -> Tensor:
    """Sum of each filter's Euclidean distances to all others of its layer, [O, ...] → [O]."""
    rows = filters.flatten(1).double()
    return torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist").sum(dim=1)
