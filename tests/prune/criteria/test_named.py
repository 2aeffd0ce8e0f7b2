"""Every criterion by name, on a residual network, aligned."""

from __future__ import annotations

import pytest
import torch

from twofold.models.demo import DemoNet
from twofold.prune.criteria.criterion import ranking
from twofold.prune.criteria.named import CriterionName, criterion_named
from twofold.prune.remove import remove_filters, widths
from twofold.prune.schedule import StagedPruning

IMAGES = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
BATCHES = [(IMAGES, torch.tensor([0, 1, 2, 3]))]


@pytest.mark.parametrize("name", CriterionName)
def test_every_criterion_prunes_coupled_and_aligned_layers(name: CriterionName) -> None:
    torch.manual_seed(0)
    model = DemoNet()
    (keep,) = StagedPruning(0.3, 1, align=8).plan(model)
    pruned = remove_filters(model, IMAGES, ranking(criterion_named(name), BATCHES), keep)
    assert widths(pruned) == {"conv1": 16, "conv2": 16, "conv3": 16, "conv4": 24, "shortcut": 24}
    assert pruned(IMAGES).shape == (4, 10)
