"""APoT as its authors' layers compute it: what training speed is measured against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from twofold.quant.apot import ApotActivationQuant, ApotWeightQuant

Search = Callable[[Tensor, Tensor], Tensor]
"""(magnitudes of any shape, levels [L] in ascending order) → indices of the nearest levels."""


def by_distances(place: Tensor, levels: Tensor) -> Tensor:
    """As the authors do it: the distance to each level, and the least of them."""
    return (place.reshape(1, -1) - levels.reshape(-1, 1)).abs().min(dim=0)[1].view(place.shape)


def by_bucketize(place: Tensor, levels: Tensor) -> Tensor:
    """The same with PyTorch's search of the interval between two midpoints."""
    return torch.bucketize(place, (levels[1:] + levels[:-1]) / 2, right=True)


class PublishedApotQuant(nn.Module):
    """In place of one of our quantisers: the same levels and gradients as the authors' code computes them.

    Source: the code of arXiv 1909.13144 (its `models/quant_layer.py`). Any shape → (value, scale, zero point,
    container width).
    """

    values: Tensor

    def __init__(self, ours: ApotWeightQuant | ApotActivationQuant, search: Search) -> None:
        super().__init__()
        self.ours, self.search = ours, search
        values = torch.tensor(ours.levels.values, dtype=torch.float32)
        self.register_buffer("values", values, persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        ours, scale = self.ours, self.ours.scale()
        if isinstance(ours, ApotWeightQuant):
            value = _Weight.apply(ours.normalised(x), scale, self.values, self.search)
        else:
            value = _Activation.apply(x.float(), scale, self.values, self.search)
        return value, scale, ours.zero_point, ours.container


class _Weight(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, values: Tensor, search: Search) -> Tensor:
        place = x / scale
        clamped = place.clamp(-values[-1], values[-1])
        level = values[search(clamped.abs(), values)] * clamped.sign()
        ctx.save_for_backward(place, level, values)
        return level * scale

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        place, level, values = ctx.saved_tensors
        (grad,) = grads
        beyond = (place.abs() > values[-1]).float()
        error = place.sign() * values[-1] * beyond + (level - place) * (1 - beyond)
        return grad.clone(), (grad * error).sum(), None, None


class _Activation(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, values: Tensor, search: Search) -> Tensor:
        place = x / scale
        level = values[search(place.clamp(max=values[-1]), values)]
        ctx.save_for_backward(place, level, values)
        return level * scale

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        place, level, values = ctx.saved_tensors
        (grad,) = grads
        beyond = (place > values[-1]).float()
        error = values[-1] * beyond + (level - place) * (1 - beyond)
        return grad * (1 - beyond), (grad * error).sum(), None, None
