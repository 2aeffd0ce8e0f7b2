"""MACs of other widths equal those of the network that has them."""

from __future__ import annotations

import torch

from twofold.metrics import layer_costs, total_macs
from twofold.models.demo import DemoNet
from twofold.prune.criteria.filter_norm import FilterNorm
from twofold.prune.prunable import Prunable
from twofold.prune.remove import remove_filters, widths
from twofold.prune.search.costs import WidthCosts

IMAGES = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def test_costs_are_the_pruned_networks() -> None:
    model = DemoNet()
    groups = Prunable.of(model, IMAGES).groups
    macs = {cost.name: cost.macs for cost in layer_costs(model, IMAGES)}
    costs = WidthCosts.of(groups, widths(model), macs)
    assert costs.macs(costs.widths) == sum(macs.values())
    kept = [width - 3 - place for place, width in enumerate(costs.widths)]
    keep = {name: count for group, count in zip(groups, kept, strict=True) for name in group.producers}
    pruned = remove_filters(model, IMAGES, FilterNorm(1), keep)
    assert costs.macs(kept) == total_macs(layer_costs(pruned, IMAGES))
