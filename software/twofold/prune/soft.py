"""Soft pruning: filters are set to zero for a while and may come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from twofold.prune.criteria import Criterion
from twofold.prune.remove import coupled_layers, least_filters


def soft_mask(
    model: nn.Module, example: Tensor, criterion: Criterion, keep: Mapping[str, int]
) -> Callable[[nn.Module], None]:
    """Returns what sets the least important filters of a model like `model` to zero, in place.

    To be called after each epoch: training goes on with all filters, so that one that was masked too
    early grows back (He et al., "Soft Filter Pruning", arXiv 1808.06866, algorithm 1). Convolutions whose
    results are added lose the same filters. keep: layer → filters that are left.
    """
    groups = [group for group in coupled_layers(model, example) if group[0] in keep]

    def mask(trained: nn.Module) -> None:
        for group in groups:
            layers = [_convolution(trained, name) for name in group]
            least = least_filters(layers, criterion, keep[group[0]])
            with torch.no_grad():
                for layer in layers:
                    layer.weight[least] = 0

    return mask


def _convolution(model: nn.Module, name: str) -> nn.Conv2d:
    layer = model.get_submodule(name)
    assert isinstance(layer, nn.Conv2d)
    return layer
