"""APoT as its authors' layers compute it: what training speed is measured against."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from twofold.quant.apot import ApotActivationQuant, ApotWeightQuant


class PublishedApotQuant(nn.Module):
    """In place of one of our quantisers: the same levels and gradients, found by `torch.bucketize`.

    Source: the code of arXiv 1909.13144 (its `models/quant_layer.py`), with the search for the nearest level
    already replaced by bucketize. Any shape → (value, scale, zero point, container width).
    """

    midpoints: Tensor
    values: Tensor

    def __init__(self, ours: ApotWeightQuant | ApotActivationQuant) -> None:
        super().__init__()
        self.ours = ours
        self.register_buffer("midpoints", torch.tensor(ours.levels.thresholds), persistent=False)
        values = torch.tensor(ours.levels.values, dtype=torch.float32)
        self.register_buffer("values", values, persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        ours, scale = self.ours, self.ours.scale()
        if isinstance(ours, ApotWeightQuant):
            value = _Weight.apply(ours.normalised(x), scale, self.midpoints, self.values)
        else:
            value = _Activation.apply(x.float(), scale, self.midpoints, self.values)
        return value, scale, ours.zero_point, ours.container


class _Weight(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, midpoints: Tensor, values: Tensor) -> Tensor:
        place = x / scale
        clamped = place.clamp(-values[-1], values[-1])
        index = torch.bucketize(clamped.abs(), midpoints, right=True)
        level = values[index].view(x.shape) * clamped.sign()
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
    def forward(ctx: Any, x: Tensor, scale: Tensor, midpoints: Tensor, values: Tensor) -> Tensor:
        place = x / scale
        level = values[torch.bucketize(place.clamp(max=values[-1]), midpoints, right=True)].view(x.shape)
        ctx.save_for_backward(place, level, values)
        return level * scale

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        place, level, values = ctx.saved_tensors
        (grad,) = grads
        beyond = (place > values[-1]).float()
        error = values[-1] * beyond + (level - place) * (1 - beyond)
        return grad * (1 - beyond), (grad * error).sum(), None, None
