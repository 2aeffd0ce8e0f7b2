"""Filters that are small themselves and that the next layers hardly read."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from twofold.errors import UserError
from twofold.prune.criteria.criterion import Scores, WeightCriterion, relative
from twofold.prune.groups import ChannelGroup, check_unjoined
from twofold.prune.prunable import Prunable


@dataclass(frozen=True)
class Influence(WeightCriterion):
    """(direct + indirect) / 2 − `penalty` · |direct − indirect| / 2.

    Direct: the L1 norm of the filter. Indirect: the L1 norm of the weights that read its channel, summed
    over the layers that do. Each is relative to its mean over the layer's filters. Where the two disagree,
    the score is uncertain, and the penalty lowers it. Zheng et al. (Neurocomputing 569, 2024, 127124) model
    both influences by weights with a penalty for uncertainty; the survey that describes it gives no
    equation: this one is ours. Raises UserError for a penalty outside 0 to 1, and for
    layers that read a concatenation.
    """

    penalty: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.penalty <= 1:
            raise UserError(f"influence: expected 0 ≤ penalty ≤ 1, got {self.penalty}")

    def __call__(self, network: Prunable) -> Scores:
        check_unjoined(network.groups, "influence")
        scores = {}
        for group in network.groups:
            indirect = _indirect(network, group)
            for name in group.producers:
                direct = relative(network.weights_of(name).abs().flatten(1).sum(dim=1))
                scores[name] = (direct + indirect - self.penalty * (direct - indirect).abs()) / 2
        return scores


def _indirect(network: Prunable, group: ChannelGroup) -> Tensor:
    """[C]. Some layer reads them: channels that the network gives are of no group."""
    channels = len(network.weights_of(group.producers[0]))
    sums = [_reads(network.weights_of(reader), channels) for reader in group.readers]
    return relative(torch.stack(sums).sum(dim=0))


def _reads(weights: Tensor, channels: int) -> Tensor:
    """L1 norm of the weights of each input channel, [O, I, K, K] or [O, C · pixels] → [C]."""
    return weights.abs().reshape(len(weights), channels, -1).sum(dim=(0, 2))
