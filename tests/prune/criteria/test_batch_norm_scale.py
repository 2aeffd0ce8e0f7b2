"""Network slimming: the score and the penalty."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from twofold.errors import UserError
from twofold.prune.criteria.batch_norm_scale import BatchNormScale, gamma_penalty
from twofold.prune.prunable import Prunable

PIXEL = torch.zeros(1, 1, 1, 1)


def test_the_score_is_the_absolute_gamma(two_layers: nn.Module) -> None:
    scores = BatchNormScale()(Prunable.of(two_layers, PIXEL))
    assert (scores["0"].tolist(), scores["2"].tolist()) == ([0.5, 0.25], [1, 1, 1])


def test_the_penalty_pulls_every_gamma_towards_zero(two_layers: nn.Module) -> None:
    penalty = gamma_penalty(two_layers)
    penalty.backward()
    assert penalty.item() == 3.75
    assert two_layers[1].weight.grad.tolist() == [-1, 1]


def test_without_batch_normalisation_it_says_so() -> None:
    bare = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten(), nn.Linear(2, 2))
    with pytest.raises(UserError, match="0: batch-norm-scale expects batch normalisation right behind"):
        BatchNormScale()(Prunable.of(bare, PIXEL))
    with pytest.raises(UserError, match="slimming: expected a network with batch normalisation"):
        gamma_penalty(bare)
