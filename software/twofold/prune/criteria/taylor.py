"""Filters whose removal changes the loss least, to first order."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from twofold.prune.criteria.criterion import Batches, DataCriterion, Ranking, Scores
from twofold.prune.criteria.maps import Map, mean_over_images
from twofold.prune.prunable import Prunable


@dataclass(frozen=True)
class Taylor(DataCriterion):
    """|mean over a filter's map of gradient · value|, averaged over images.

    Molchanov et al., "Pruning Convolutional Neural Networks for Resource Efficient Inference", arXiv
    1611.06440, equations 7 and 8. The map is the one behind batch normalisation, before the activation.
    """

    def on(self, batches: Batches) -> Ranking:
        def rank(network: Prunable) -> Scores:
            return mean_over_images(network, batches, first_order)

        return rank


def first_order(found: Map) -> Tensor:
    """[N, O]."""
    return (found.gradient * found.values).flatten(2).mean(dim=2).abs()
