"""Calls of functions and methods as the layers they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twofold.quant.convert import quantise
from twofold.quant.recipe import Int

IMAGES = torch.rand(8, 1, 8, 8, generator=torch.Generator().manual_seed(0))


class Called(nn.Module):
    """call: what becomes of the maps [N, 4, 8, 8] before the last layer."""

    def __init__(self, call: Callable[[Tensor], Tensor], features: int = 4) -> None:
        super().__init__()
        self.conv, self.call, self.fc = nn.Conv2d(1, 4, 3, padding=1), call, nn.Linear(features, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.call(F.relu(self.conv(x))))


@pytest.mark.parametrize(
    "call",
    [
        lambda maps: maps.mean(axis=(2, 3)),
        lambda maps: maps.mean((2, 3), keepdims=True).flatten(1),
        lambda maps: torch.mean(maps, axis=(-2, -1), keepdims=True).contiguous().view(-1, 4),
        lambda maps: maps.clone().mean((2, 3)),
    ],
)
def test_calls_in_the_words_of_numpy(call: Callable[[Tensor], Tensor]) -> None:
    model = Called(call).eval()
    with torch.no_grad():
        expected, found = model(IMAGES), quantise(model, Int(8), IMAGES)(IMAGES)
    assert found.shape == (8, 3)
    assert float((expected - found).abs().max()) < 0.1 * float(expected.abs().max())


def test_channels_are_joined_along_an_axis() -> None:
    model = Called(lambda maps: torch.cat((maps, maps), axis=1).mean((2, 3)), features=8)
    assert quantise(model, Int(8), IMAGES)(IMAGES).shape == (8, 3)
