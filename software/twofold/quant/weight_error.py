"""What quantisation changes of weights, as a number that training can lower."""

from __future__ import annotations

from collections.abc import Iterator

import brevitas.nn as qnn
import torch
from torch import Tensor, nn

from twofold.quant.weighted import is_apot, weight_quantiser


def quantised_layers(model: nn.Module) -> Iterator[qnn.QuantConv2d | qnn.QuantLinear]:
    """Convolutions and fully connected layers whose weights are quantised."""
    for layer in model.modules():
        if isinstance(layer, qnn.QuantConv2d | qnn.QuantLinear):
            yield layer


def relative_error(model: nn.Module) -> Tensor:
    """The mean over quantised layers of ‖W − Q(W)‖² / ‖W‖², a scalar; 0 without such layers.

    W: weights [O, I, K, K] or [O, I] as the quantiser gets them, APoT ones normalised. Q(W) and ‖W‖² count as
    constants, so that the gradient of a weight is 2 (w − Q(w)) / ‖W‖²: towards its level.
    """
    errors = [_relative_error(layer) for layer in quantised_layers(model)]
    return torch.stack(errors).mean() if errors else torch.zeros(())


def _relative_error(layer: nn.Module) -> Tensor:
    weight = layer.weight
    assert isinstance(weight, Tensor)
    before = weight_quantiser(layer).normalised(weight) if is_apot(layer) else weight
    with torch.no_grad():
        after = layer.quant_weight().value  # type: ignore[operator]
        size = before.square().sum().clamp_min(torch.finfo(torch.float32).tiny)
    return (before - after).square().sum() / size
