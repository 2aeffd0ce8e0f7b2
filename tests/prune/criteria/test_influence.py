"""Direct and indirect influence."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from twofold.errors import UserError
from twofold.prune.criteria.influence import Influence
from twofold.prune.prunable import Prunable


def test_by_hand(two_layers: nn.Module) -> None:
    scores = Influence(0.5)(Prunable.of(two_layers, torch.zeros(1, 1, 1, 1)))
    # Filters 3 and 4, relative to 3.5; read by 1 + 1 and 2 + 1, relative to 2.5.
    expected = [
        (3 / 3.5 + 2 / 2.5 - 0.5 * abs(3 / 3.5 - 2 / 2.5)) / 2,
        (4 / 3.5 + 3 / 2.5 - 0.5 * abs(4 / 3.5 - 3 / 2.5)) / 2,
    ]
    assert scores["0"].tolist() == pytest.approx(expected)
    # Filters 1, 2, 2, relative to 5/3; read by 1, 0, 4 of the fully connected layer, relative to 5/3.
    direct, indirect = [0.6, 1.2, 1.2], [0.6, 0, 2.4]
    expected = [(a + b - 0.5 * abs(a - b)) / 2 for a, b in zip(direct, indirect, strict=True)]
    assert scores["2"].tolist() == pytest.approx(expected)


def test_pixels_of_a_flattened_map_count_for_their_channel() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.Flatten(), nn.Linear(8, 1, bias=False))
    with torch.no_grad():
        model[0].weight.fill_(1)
        model[2].weight.copy_(torch.tensor([[1.0, 1, 1, 1, 3, 3, 3, 3]]))
    scores = Influence(0)(Prunable.of(model, torch.zeros(1, 1, 2, 2)))
    assert scores["0"].tolist() == pytest.approx([(1 + 0.5) / 2, (1 + 1.5) / 2])


def test_what_nothing_reads_is_not_judged() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False))
    assert Influence()(Prunable.of(model, torch.zeros(1, 1, 2, 2))) == {}


def test_a_penalty_out_of_range_is_refused() -> None:
    with pytest.raises(UserError, match="expected 0 ≤ penalty ≤ 1, got -1"):
        Influence(-1)
