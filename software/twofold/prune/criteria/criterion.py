"""What a pruning criterion is: weights alone, or batches of labelled images too, to a score a filter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from twofold.prune.groups import ChannelGroup
from twofold.prune.prunable import Prunable

#: Layer → importance of its filters [O], float64; the least important are removed first.
Scores = Mapping[str, Tensor]
#: Scores every convolution of a network.
Ranking = Callable[[Prunable], Scores]
#: Images [N, C, H, W] and labels [N].
Batches = Sequence[tuple[Tensor, Tensor]]


class WeightCriterion(ABC):
    """A `Ranking` that reads weights and nothing else."""

    @abstractmethod
    def __call__(self, network: Prunable) -> Scores: ...


class DataCriterion(ABC):
    """Becomes a `Ranking` with images, which it runs the network on, forward and backward."""

    @abstractmethod
    def on(self, batches: Batches) -> Ranking: ...


Criterion = WeightCriterion | DataCriterion


def ranking(criterion: Criterion, batches: Batches) -> Ranking:
    """batches: for a criterion that needs them."""
    return criterion.on(batches) if isinstance(criterion, DataCriterion) else criterion


def relative(importance: Tensor) -> Tensor:
    """Divided by its mean, so that layers can be compared; all 0 stays 0."""
    return importance / importance.mean().clamp_min(torch.finfo(importance.dtype).tiny)


def group_importance(group: ChannelGroup, scores: Scores) -> Tensor:
    """Importance of a group's channels, [C]: the mean of its producers' relative importance."""
    return torch.stack([relative(scores[name].double()) for name in group.producers]).mean(dim=0)
