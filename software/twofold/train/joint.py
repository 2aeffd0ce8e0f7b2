"""One loss for accuracy, pruning and quantisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from twofold.prune.energy import ChannelEnergy, share_of
from twofold.prune.groups import ChannelGroup
from twofold.prune.prunable import Prunable
from twofold.prune.remove import filters_to_remove
from twofold.prune.schedule import JointPruning
from twofold.quant.weight_error import relative_error
from twofold.train.companion import Companion
from twofold.train.regularisation import weighed


class JointTraining(Companion):
    """Adds `pruning_weight · weighed(P) + quantisation_weight · weighed(Q)` to a quantised network's loss.

    P: the share of the maps' energy in the filters that are to go (`twofold.prune.energy`), those of least
    energy, chosen anew before each epoch; Q: the weights' relative quantisation error. `weighed` gives each
    term the coefficient 1 / (P + ε), or 1 / (Q + ε): the less is left of one, the more it counts, so that
    neither drowns the other.

    Partial L2 regularisation for pruning and mean squared quantisation error beside one another, with
    coefficients that follow training, are Choi, El-Khamy and Lee's ("Learning Sparse Low-Precision Neural
    Networks With Learnable Regularization", arXiv 1809.00095); whole channels instead of single weights, and
    the coefficients in closed form, are ours.
    keep: layer → filters that are left.
    """

    def __init__(
        self, groups: Sequence[ChannelGroup], keep: Mapping[str, int], pruning: JointPruning
    ) -> None:
        self.groups, self.keep, self.pruning = tuple(groups), keep, pruning
        self.removed: list[list[int]] = [[] for _ in groups]

    def before_epoch(self, model: nn.Module) -> None:
        scores = ChannelEnergy()(Prunable(model, self.groups))
        self.removed = filters_to_remove(self.groups, scores, self.keep)

    def penalty(self, model: nn.Module, images: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        pruned = weighed(share_of(model, self.groups, self.removed))
        quantised = weighed(relative_error(model))
        return self.pruning.pruning_weight * pruned + self.pruning.quantisation_weight * quantised
