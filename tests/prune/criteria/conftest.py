from __future__ import annotations

import pytest
import torch
from torch import nn


class TwoLayers(nn.Sequential):
    """Images [N, 1, 1, 1] → two channels, normalised, → three → logits [N, 2]; known weights."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 2, 1, bias=False),
            nn.BatchNorm2d(2),
            nn.Conv2d(2, 3, 1, bias=False),
            nn.BatchNorm2d(3),
            nn.Flatten(),
            nn.Linear(3, 2, bias=False),
        )
        with torch.no_grad():
            self[0].weight.copy_(torch.tensor([3.0, -4.0]).reshape(2, 1, 1, 1))
            self[1].weight.copy_(torch.tensor([-0.5, 0.25]))
            self[2].weight.copy_(torch.tensor([[1.0, 0], [0, -2], [1, 1]]).reshape(3, 2, 1, 1))
            self[5].weight.copy_(torch.tensor([[1.0, 0, 2], [0, 0, -2]]))
        self.eval()


@pytest.fixture
def two_layers() -> nn.Module:
    return TwoLayers()
