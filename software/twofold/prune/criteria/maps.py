"""Feature maps and their gradients, as the network computes them on labelled images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.prune.criteria.criterion import Batches, Scores
from twofold.prune.prunable import Prunable


@dataclass(frozen=True, eq=False)
class Map:
    """What a convolution gives, behind its batch normalisation: exactly what pruning sets to 0.

    values: [N, O, H, W]; gradient: of each image's cross entropy, of the same shape.
    """

    values: Tensor
    gradient: Tensor


def mean_over_images(network: Prunable, batches: Batches, score: Callable[[Map], Tensor]) -> Scores:
    """score: a layer's map to a value for each image and filter, [N, O].

    The network is in evaluation mode meanwhile, and left without gradients. Raises UserError without images.
    """
    count = sum(len(labels) for _, labels in batches)
    if not count:
        raise UserError("this pruning criterion runs the network on labelled images: expected some, got none")
    totals: dict[str, Tensor] = {}
    with _evaluated(network.model):
        for images, labels in batches:
            for name, found in _maps(network, images, labels).items():
                sums = score(found).double().sum(dim=0)
                totals[name] = totals[name] + sums if name in totals else sums
    return {name: (total / count).cpu() for name, total in totals.items()}


def _maps(network: Prunable, images: Tensor, labels: Tensor) -> dict[str, Map]:
    values: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
        def hook(module: nn.Module, arguments: tuple[Tensor, ...], result: Tensor) -> Tensor:
            values[name] = result
            return result.clone()  # what reads it may write into it: `+=`, nn.ReLU(inplace=True)

        return hook

    places = {name: group.norms.get(name, name) for group in network.groups for name in group.producers}
    hooks = [
        network.model.get_submodule(place).register_forward_hook(keep(name)) for name, place in places.items()
    ]
    try:
        device = next(network.model.parameters()).device
        logits = network.model(images.to(device))
    finally:
        for hook in hooks:
            hook.remove()
    loss = F.cross_entropy(logits.float(), labels.to(device), reduction="sum")
    gradients = torch.autograd.grad(loss, list(values.values()))
    return {
        name: Map(value.detach(), gradient)
        for (name, value), gradient in zip(values.items(), gradients, strict=True)
    }


@contextmanager
def _evaluated(model: nn.Module) -> Iterator[None]:
    training = model.training
    model.eval()
    try:
        with torch.enable_grad():
            yield
    finally:
        model.train(training)
