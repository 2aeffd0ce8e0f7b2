"""Filters whose results batch normalisation makes small: network slimming."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from twofold.errors import UserError
from twofold.prune.criteria.criterion import Scores, WeightCriterion
from twofold.prune.prunable import Prunable


@dataclass(frozen=True)
class BatchNormScale(WeightCriterion):
    """|γ| of the batch normalisation behind each convolution.

    Liu et al., "Learning Efficient Convolutional Networks through Network Slimming", arXiv 1708.06519,
    section 3. It means most after training with the paper's penalty on γ, `slimming` in a recipe. Raises
    UserError for a convolution without batch normalisation.
    """

    def __call__(self, network: Prunable) -> Scores:
        norms = {name: norm for group in network.groups for name, norm in group.norms.items()}
        return {name: _scale(network, name, norms.get(name)) for name in network.producers}


def _scale(network: Prunable, layer: str, norm: str | None) -> Tensor:
    if norm is None:
        raise UserError(
            f"{layer}: batch-norm-scale expects batch normalisation right behind every convolution, found "
            "none; use another criterion"
        )
    return _gamma(network.model.get_submodule(norm)).detach().abs().double()


def _gamma(norm: nn.Module) -> Tensor:
    assert isinstance(norm.weight, Tensor)
    return norm.weight


def gamma_penalty(model: nn.Module) -> Tensor:
    """Σ |γ| over all batch normalisations, a scalar with gradient (the paper's equation 1, g(γ) = |γ|)."""
    gammas = [_gamma(module) for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    if not gammas:
        raise UserError("slimming: expected a network with batch normalisation, found none")
    return sum((gamma.abs().sum() for gamma in gammas[1:]), gammas[0].abs().sum())
