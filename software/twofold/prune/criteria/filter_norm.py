"""Filters of small weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from twofold.errors import UserError
from twofold.prune.criteria.criterion import Scores, WeightCriterion
from twofold.prune.prunable import Prunable


@dataclass(frozen=True)
class FilterNorm(WeightCriterion):
    """The sum of a filter's absolute weights (order 1), or the root of their squares' sum (order 2).

    Order 1: Li et al., "Pruning Filters for Efficient ConvNets", arXiv 1608.08710, section 3.1. Order 2: He
    et al., "Soft Filter Pruning", arXiv 1808.06866, equation 2. A filter that was masked is worth 0.
    """

    order: int

    def __post_init__(self) -> None:
        if self.order not in (1, 2):
            raise UserError(f"filter norm: expected order 1 or 2, got {self.order}")

    def __call__(self, network: Prunable) -> Scores:
        return {
            name: torch.linalg.vector_norm(network.weights_of(name).flatten(1), self.order, dim=1)
            for name in network.producers
        }
