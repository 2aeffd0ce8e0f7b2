"""Channels scored by what they are in their layer and by what they do to the network's answer."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from twofold.errors import UserError
from twofold.prune.criteria.criterion import Batches, DataCriterion, Ranking, Scores, relative
from twofold.prune.criteria.maps import Map, mean_over_images
from twofold.prune.criteria.taylor import first_order
from twofold.prune.prunable import Prunable


@dataclass(frozen=True)
class GlobalLocal(DataCriterion):
    """`weight` · global + (1 − `weight`) · local, both relative to their layer's mean.

    Local: the filter's mean absolute weight times its map's mean absolute value. Global: the first-order
    change of the loss, which the whole network behind the filter decides. In a quantised network weights
    and maps are the quantised ones if it is judged by `quantised_weights`. The method is Sun Jianhui's
    (dissertation, Shanghai Jiao Tong University, 2020), of which the survey that describes it gives no
    equation: these are ours. Raises UserError for a weight outside 0 to 1.
    """

    weight: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise UserError(f"global-local: expected 0 ≤ weight ≤ 1, got {self.weight}")

    def on(self, batches: Batches) -> Ranking:
        def rank(network: Prunable) -> Scores:
            sizes = mean_over_images(network, batches, _size)
            effects = mean_over_images(network, batches, first_order)
            return {
                name: self.weight * relative(effects[name])
                + (1 - self.weight) * relative(_mean_weight(network, name) * sizes[name])
                for name in network.producers
            }

        return rank


def _size(found: Map) -> Tensor:
    """[N, O]."""
    return found.values.abs().flatten(2).mean(dim=2)


def _mean_weight(network: Prunable, layer: str) -> Tensor:
    return network.weights_of(layer).abs().flatten(1).mean(dim=1).cpu()
