"""The combined score: either end of its weight, and the middle."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from twofold.errors import UserError
from twofold.prune.criteria.criterion import relative
from twofold.prune.criteria.global_local import GlobalLocal
from twofold.prune.criteria.taylor import Taylor
from twofold.prune.prunable import Prunable

IMAGES, LABELS = torch.tensor([1.0, 2.0]).reshape(2, 1, 1, 1), torch.tensor([0, 1])
BATCHES = [(IMAGES, LABELS)]


def test_local_by_hand(two_layers: nn.Module) -> None:
    scores = GlobalLocal(0.0).on(BATCHES)(Prunable.of(two_layers, IMAGES))
    # Mean |weight| 3 and 4; mean |map| 1.5·3·0.5 and 1.5·4·0.25, but for the deviation's epsilon.
    raw = torch.tensor([3 * 2.25, 4 * 1.5], dtype=torch.float64)
    assert torch.allclose(scores["0"], raw / raw.mean(), rtol=1e-4)


def test_global_is_the_effect_on_the_loss(two_layers: nn.Module) -> None:
    network = Prunable.of(two_layers, IMAGES)
    scores, effects = GlobalLocal(1.0).on(BATCHES)(network), Taylor().on(BATCHES)(network)
    assert torch.allclose(scores["2"], relative(effects["2"]))


def test_the_middle_is_the_mean(two_layers: nn.Module) -> None:
    network = Prunable.of(two_layers, IMAGES)
    ends = [GlobalLocal(weight).on(BATCHES)(network)["2"] for weight in (0.0, 1.0)]
    assert torch.allclose(GlobalLocal(0.5).on(BATCHES)(network)["2"], (ends[0] + ends[1]) / 2)


def test_weights_out_of_range_are_refused() -> None:
    with pytest.raises(UserError, match="expected 0 ≤ weight ≤ 1, got 2"):
        GlobalLocal(2)
