"""First-order Taylor: what the loss would lose without a filter."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from twofold.errors import UserError
from twofold.prune.criteria.criterion import DataCriterion
from twofold.prune.criteria.global_local import GlobalLocal
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


class Residual(nn.Module):
    """in_place: adds and rectifies into the maps that the batch normalisations give."""

    def __init__(self, in_place: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.in_place, self.relu = in_place, nn.ReLU(in_place)
        self.first, self.first_bn = nn.Conv2d(1, 4, 1), nn.BatchNorm2d(4)
        self.second, self.second_bn, self.fc = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        whole = self.relu(self.first_bn(self.first(x)))
        branch = self.second_bn(self.second(whole))
        if self.in_place:
            branch += whole
        else:
            branch = branch + whole
        return self.fc(self.relu(branch).mean((2, 3)))


@pytest.mark.parametrize("criterion", [Taylor(), GlobalLocal()])
def test_maps_that_are_written_over_count_as_they_were(criterion: DataCriterion) -> None:
    images = torch.randn(8, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    rank = criterion.on([(images, torch.arange(8) % 2)])
    found, expected = (rank(Prunable.of(Residual(in_place), images)) for in_place in (True, False))
    assert all(torch.allclose(found[name], expected[name]) for name in ("first", "second"))


def test_it_needs_images(two_layers: nn.Module) -> None:
    with pytest.raises(UserError, match="expected some, got none"):
        Taylor().on([])(Prunable.of(two_layers, IMAGES))
