"""A network as pruning sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import brevitas.nn as qnn
import torch
from torch import Tensor, nn

from twofold.prune.groups import ChannelGroup, dependencies, groups_of

#: Of a layer, the weights [O, I, K, K] or [O, I] that it is judged by.
WeightsOf = Callable[[nn.Module], Tensor]


def raw_weights(layer: nn.Module) -> Tensor:
    """The weights that training changes, before any quantiser."""
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return weight.detach().double()


def quantised_weights(layer: nn.Module) -> Tensor:
    """The weights that a quantised layer multiplies with; a float layer's own."""
    if not isinstance(layer, qnn.QuantConv2d | qnn.QuantLinear):
        return raw_weights(layer)
    with torch.no_grad():
        return layer.quant_weight().value.double()


@dataclass(frozen=True, eq=False)
class Prunable:
    """model: the network; groups: its channels; weights: what its layers are judged by."""

    model: nn.Module
    groups: tuple[ChannelGroup, ...]
    weights: WeightsOf = raw_weights

    @classmethod
    def of(cls, model: nn.Module, example: Tensor, weights: WeightsOf = raw_weights) -> Prunable:
        """example: images [N, C, H, W], for tracing."""
        return cls(model, tuple(groups_of(dependencies(model, example), model)), weights)

    def weights_of(self, layer: str) -> Tensor:
        """Float64 [O, I, K, K] or [O, I]."""
        return self.weights(self.model.get_submodule(layer))

    @property
    def producers(self) -> tuple[str, ...]:
        """The convolutions that may lose filters."""
        return tuple(name for group in self.groups for name in group.producers)
