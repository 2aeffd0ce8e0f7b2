"""Images for calibration where there are no images."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.quant.layers import BatchNorm

_IMAGES = 64
_STEPS = 150
_RATE = 0.05


def synthesised(
    model: nn.Module, shape: Sequence[int], count: int = _IMAGES, steps: int = _STEPS, seed: int = 0
) -> Tensor:
    """Images [count, *shape] in [0, 1] on which `model` has the statistics of its training images.

    Noise that Adam changes until each batch normalisation's input has the mean μ and deviation σ that the
    normalisation remembers: it minimises Σ ‖mean(x) − μ‖² + ‖std(x) − σ‖² (Cai et al., "ZeroQ",
    arXiv 2001.00281, equation 3). model: in float; it is not changed. shape: [C, H, W].
    Raises UserError for a network without batch normalisation.
    """
    network = copy.deepcopy(model).eval().requires_grad_(False)
    norms = [module for module in network.modules() if _remembers(module)]
    if not norms:
        raise UserError(
            "synthetic images: expected a network with batch normalisation, whose statistics they fit, "
            'found none; use images = "training"'
        )
    noise = torch.rand(count, *shape, generator=torch.Generator().manual_seed(seed))
    images = noise.requires_grad_(True)
    optimiser = torch.optim.Adam([images], _RATE)
    with torch.enable_grad(), _distances(norms) as distances:
        for _ in range(steps):
            distances.clear()
            optimiser.zero_grad()
            network(images)
            torch.stack(distances).sum().backward()
            optimiser.step()
            images.data.clamp_(0, 1)
    return images.detach()


def _remembers(module: nn.Module) -> bool:
    return isinstance(module, BatchNorm) and module.track_running_stats


@contextmanager
def _distances(norms: Sequence[nn.Module]) -> Iterator[list[Tensor]]:
    """A list that each pass fills with the distance of each normalisation's input from its statistics."""
    found: list[Tensor] = []

    def compare(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        assert isinstance(module, BatchNorm)
        assert module.running_mean is not None and module.running_var is not None
        x = arguments[0]
        among = [0, *range(2, x.dim())]
        mean, deviation = x.mean(among), (x.var(among, unbiased=False) + module.eps).sqrt()
        wanted = (module.running_var + module.eps).sqrt()
        found.append((mean - module.running_mean).square().sum() + (deviation - wanted).square().sum())

    hooks = [norm.register_forward_pre_hook(compare) for norm in norms]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()
