"""The few layers that a quantised model has and PyTorch and Brevitas have not."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ChannelScale(nn.Module):
    """Multiplies each channel by a positive number: [N, C, H, W] → the same, or [N, C] → the same.

    What is left of a batch normalisation when its shift has become the convolution's bias, and what
    carries weights' scales that are no power of two. scale: [1, C, 1, 1], or [1, C] for `rank` 2.
    """

    def __init__(self, scale: Tensor, rank: int = 4) -> None:
        super().__init__()
        self.scale = nn.Parameter(scale.detach().clone().reshape(1, -1, *([1] * (rank - 2))))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


class Add(nn.Module):
    """Sum of two tensors of equal shape."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.add(a, b)
