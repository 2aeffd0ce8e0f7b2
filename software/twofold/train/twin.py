"""Pseudo pruning: the whole network and the pruned one are trained together, as one set of weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from twofold.prune.criteria.criterion import Ranking
from twofold.prune.groups import ChannelGroup
from twofold.prune.masking import masked_parameters
from twofold.prune.prunable import Prunable
from twofold.prune.remove import filters_to_remove
from twofold.train.companion import Companion


class TwinTraining(Companion):
    """Adds `weight` · (cross entropy of the pruned network + its distance to the whole one) to the loss.

    The pruned network is the same one with the filters of least importance masked, chosen anew before each
    epoch. The distance is Kullback and Leibler's of its answers to the whole network's, which takes no
    gradient from it. The whole network's batch statistics alone go into the running ones. Zhao Jiacheng
    (dissertation, Nanjing University, 2021) prunes and trains at once, minimising the difference of
    accuracy before and after pruning; the survey that describes it gives no equation: this loss is ours.
    keep: layer → filters that are left.
    """

    def __init__(
        self, groups: Sequence[ChannelGroup], ranking: Ranking, keep: Mapping[str, int], weight: float
    ) -> None:
        self.groups, self.ranking, self.keep, self.weight = tuple(groups), ranking, keep, weight
        self.removed: list[list[int]] = [[] for _ in groups]

    def before_epoch(self, model: nn.Module) -> None:
        scores = self.ranking(Prunable(model, self.groups))
        self.removed = filters_to_remove(self.groups, scores, self.keep)

    def penalty(self, model: nn.Module, images: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        statistics = {name: values.clone() for name, values in model.named_buffers()}
        twin = {**statistics, **masked_parameters(model, self.groups, self.removed)}
        answers = functional_call(model, twin, (images,)).float()
        own, whole = F.log_softmax(answers, 1), F.log_softmax(logits.detach(), 1)
        distance = F.kl_div(own, whole, reduction="batchmean", log_target=True)
        return self.weight * (F.cross_entropy(answers, labels) + distance)
