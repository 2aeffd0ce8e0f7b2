"""First-order Taylor: what the loss would lose without a filter."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from twofold.errors import UserError
from twofold.prune.criteria.taylor import Taylor
from twofold.prune.prunable import Prunable

IMAGES, LABELS = torch.tensor([1.0, 2.0]).reshape(2, 1, 1, 1), torch.tensor([0, 1])


class Sum(nn.Module):
    """Two filters w1, w2 on one pixel x; logits (w1·x, w2·x)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 1, bias=False)
        self.fc = nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([1.0, 3.0]).reshape(2, 1, 1, 1))
            self.fc.weight.copy_(torch.eye(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.conv(x).flatten(1))


def test_by_hand() -> None:
    # Logits (x, 3x); the gradient of the cross entropy is softmax − one-hot, the maps are the logits.
    p = [1 / (1 + math.exp(2 * x)) for x in (1, 2)]
    first = (abs((p[0] - 1) * 1) + abs(p[1] * 2)) / 2
    second = (abs((1 - p[0]) * 3) + abs(-p[1] * 6)) / 2
    network = Prunable.of(Sum(), IMAGES)
    scores = Taylor().on([(IMAGES, LABELS)])(network)
    assert scores["conv"].tolist() == pytest.approx([first, second], rel=1e-6)


def test_batches_do_not_matter_and_nothing_is_left_behind(two_layers: nn.Module) -> None:
    two_layers.train()
    network = Prunable.of(two_layers, IMAGES)
    before = {name: value.clone() for name, value in two_layers.state_dict().items()}
    whole = Taylor().on([(IMAGES, LABELS)])(network)
    halves = Taylor().on([(IMAGES[:1], LABELS[:1]), (IMAGES[1:], LABELS[1:])])(network)
    assert all(torch.allclose(whole[name], halves[name]) for name in ("0", "2"))
    assert two_layers.training
    assert all(parameter.grad is None for parameter in two_layers.parameters())
    assert all(torch.equal(value, before[name]) for name, value in two_layers.state_dict().items())


def test_it_needs_images(two_layers: nn.Module) -> None:
    with pytest.raises(UserError, match="expected some, got none"):
        Taylor().on([])(Prunable.of(two_layers, IMAGES))
