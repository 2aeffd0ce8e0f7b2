"""The few layers that a quantised model has and PyTorch and Brevitas have not."""

from __future__ import annotations

import torch
from torch import Tensor, nn

BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d
"""Behind a fully connected layer, or behind a convolution."""

Dropout = nn.Dropout | nn.Dropout2d


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


class ReLU6(nn.ReLU):
    """min(max(x, 0), 6), and a ReLU to all that asks what a layer is."""

    def forward(self, x: Tensor) -> Tensor:
        return x.clamp(0, 6)


class Add(nn.Module):
    """Sum of two tensors of equal shape."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.add(a, b)


class Concat(nn.Module):
    """Tensors [N, C1, ...], [N, C2, ...], ... joined along channels."""

    def forward(self, *tensors: Tensor) -> Tensor:
        return torch.cat(tensors, 1)


class DynamicQuantiser(nn.Module):
    """Rounds a tensor of any shape to `bits` bits, its scale the greatest magnitude of the batch over the
    greatest code; zero stays zero.

    The scale follows from the data, so no table of constants has it: PyTorch alone runs such a network.
    """

    def __init__(self, bits: int, signed: bool) -> None:
        super().__init__()
        self.bits, self.low = bits, -(1 << (bits - 1)) if signed else 0
        self.high = (1 << (bits - 1 if signed else bits)) - 1

    def forward(self, x: Tensor) -> Tensor:
        scale = (x.abs().amax() / self.high).clamp_min(torch.finfo(torch.float32).tiny)
        return torch.clamp(torch.round(x / scale), self.low, self.high) * scale
