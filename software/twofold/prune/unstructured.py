"""Single weights pruned by magnitude; the network keeps its shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils.prune import L1Unstructured


@torch.no_grad()
def zero_smallest(model: nn.Module, ratio: float) -> None:
    """Sets the `ratio` of each convolution's and fully connected layer's weights that are smallest to 0, in
    place.

    Han et al., "Learning both Weights and Connections", arXiv 1506.02626, section 3, layer by layer as
    PyTorch's l1_unstructured does it: round(ratio · weights) of each layer.
    """
    method = L1Unstructured(amount=ratio)
    for _, weight in _weights(model):
        weight.mul_(method.compute_mask(weight, torch.ones_like(weight)))


def zero_masks(model: nn.Module) -> Mapping[str, Tensor]:
    """Layer → where its weights are 0, of the weights' shape."""
    return {name: weight.detach() == 0 for name, weight in _weights(model)}


@torch.no_grad()
def restore_zeros(model: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Sets the weights to 0 again that were when `masks` were taken, in place."""
    for name, weight in _weights(model):
        weight.masked_fill_(masks[name].to(weight.device), 0)


def _weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            yield name, layer.weight
