"""Soft pruning: filters are set to zero for a while and may come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from twofold.prune.criteria.criterion import Ranking
from twofold.prune.prunable import Prunable
from twofold.prune.remove import filters_to_remove


def soft_mask(
    model: nn.Module, example: Tensor, ranking: Ranking, keep: Mapping[str, int]
) -> Callable[[nn.Module], None]:
    """Returns what sets the least important filters of a model like `model` to zero, in place.

    To be called after each epoch: training goes on with all filters, so that one that was masked too
    early grows back (He et al., "Soft Filter Pruning", arXiv 1808.06866, algorithm 1). Convolutions whose
    results are added lose the same filters. keep: layer → filters that are left.
    """
    groups = Prunable.of(model, example).groups

    @torch.no_grad()
    def mask(trained: nn.Module) -> None:
        scores = ranking(Prunable(trained, groups))
        for group, least in zip(groups, filters_to_remove(groups, scores, keep), strict=True):
            for name in group.producers:
                _weight(trained, name)[least] = 0

    return mask


def _weight(model: nn.Module, layer: str) -> Tensor:
    weight = model.get_submodule(layer).weight
    assert isinstance(weight, Tensor)
    return weight
