"""How much of a network's maps each channel makes up, with gradients."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from twofold.prune.criteria.criterion import Scores, WeightCriterion
from twofold.prune.groups import ChannelGroup
from twofold.prune.prunable import Prunable


class ChannelEnergy(WeightCriterion):
    """γ² + β² of the batch normalisation behind a filter: the mean square of its map [N, H, W] over the data.

    Of a filter without one, the squares of its weights and bias.
    """

    def __call__(self, network: Prunable) -> Scores:
        return {
            name: channel_energy(network.model, group, name).detach().double()
            for group in network.groups
            for name in group.producers
        }


def channel_energy(model: nn.Module, group: ChannelGroup, producer: str) -> Tensor:
    """Of each filter of a convolution of the group, [O], with gradient."""
    layer = model.get_submodule(group.norms.get(producer, producer))
    squares = [
        values.square().flatten(1) if values.ndim > 1 else values.square()[:, None] for values in _own(layer)
    ]
    return torch.cat(squares, dim=1).sum(dim=1)


def _own(layer: nn.Module) -> list[Tensor]:
    found = [getattr(layer, name, None) for name in ("weight", "bias")]
    return [values for values in found if isinstance(values, Tensor)]


def share_of(model: nn.Module, groups: Sequence[ChannelGroup], channels: Sequence[Sequence[int]]) -> Tensor:
    """The mean over all convolutions of the share of their energy that `channels` have, one list a group.

    A scalar from 0 to 1 whose gradient lowers that energy and leaves the other channels alone.
    """
    shares = [
        energy[list(chosen)].sum() / energy.detach().sum().clamp_min(torch.finfo(energy.dtype).tiny)
        for group, chosen in zip(groups, channels, strict=True)
        for energy in (channel_energy(model, group, name) for name in group.producers)
    ]
    return torch.stack(shares).mean()
