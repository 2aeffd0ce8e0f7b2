"""Networks whose removed channels are 0 instead of gone: the same function, at no cost of rebuilding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from twofold.prune.groups import ChannelGroup


def masked_parameters(
    model: nn.Module, groups: Sequence[ChannelGroup], removed: Sequence[Sequence[int]]
) -> Mapping[str, Tensor]:
    """Parameter → its values, 0 where they make a removed channel; what is left has its gradient.

    removed: for each group, channels. With these in place of its own, in `torch.func.functional_call`,
    `model` computes what it would without the channels: weights, biases, γ and β of a channel are 0, and so
    is its map.
    """
    masked: dict[str, Tensor] = {}
    for group, channels in zip(groups, removed, strict=True):
        for layer in (*group.producers, *group.norms.values()):
            for name, values in model.get_submodule(layer).named_parameters(recurse=False):
                masked[f"{layer}.{name}"] = _without(values, channels)
    return masked


def _without(values: Tensor, channels: Sequence[int]) -> Tensor:
    """[C, ...] with some of its C slices 0."""
    mask = torch.ones(len(values), device=values.device)
    mask[list(channels)] = 0
    return values * mask.reshape(-1, *[1] * (values.ndim - 1))
