"""Which filters are worth least."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor


class Criterion(Protocol):
    """Filters [O, ...] → importance [O]; the least important are removed first."""

    def __call__(self, filters: Tensor) -> Tensor: ...


def geometric_median(filters: Tensor) -> Tensor:
    """Sum of each filter's Euclidean distances to all others of its layer, [O, ...] → [O].

    A filter near the geometric median is one that the others can stand in for (He et al., "Filter Pruning
    via Geometric Median", arXiv 1811.00250, equation 7).
    """
    rows = filters.detach().flatten(1).double()
    return torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist").sum(dim=1)


def magnitude(filters: Tensor) -> Tensor:
    """Euclidean norm of each filter, [O, ...] → [O]; a filter that was masked is worth 0."""
    return torch.linalg.vector_norm(filters.detach().flatten(1).double(), dim=1)
