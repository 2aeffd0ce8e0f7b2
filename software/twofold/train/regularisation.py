"""What training of a quantised network may add to its loss: terms on the distribution of the weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.quant.weight_error import quantised_layers, relative_error
from twofold.train.companion import Companion

#: Of a share of squares, such as a relative error, less is as good as nothing.
NEGLIGIBLE_SHARE = 1e-3


def weighed(share: Tensor) -> Tensor:
    """`log(1 + share / ε)`, of a share of squares from 0 to 1, ε = 0.001.

    Choi, El-Khamy and Lee, "Learning Sparse Low-Precision Neural Networks With Learnable Regularization",
    arXiv 1809.00095, learn the coefficient λ of a regulariser R with the loss λ · R − log λ, so that it grows
    as R falls. That is least at λ = 1 / R, where it is 1 + log R. This is that minimum for every batch,
    nothing left to learn; ε keeps λ from growing without bounds.
    """
    return torch.log1p(share / NEGLIGIBLE_SHARE)


@dataclass(frozen=True)
class QuantisationError:
    """Pulls weights towards their levels: `weight · weighed(mean over layers of ‖W − Q(W)‖² / ‖W‖²)`.

    The mean squared quantisation error of Choi, El-Khamy and Lee (arXiv 1809.00095), relative to each
    layer's weights, which is ours. Raises UserError for a weight that is not above 0.
    """

    weight: float = 0.01

    def __post_init__(self) -> None:
        check_weight("regularisation weight", self.weight)

    def __call__(self, model: nn.Module) -> Tensor:
        """A scalar, 0 for a network without quantised layers."""
        return self.weight * weighed(relative_error(model))


@dataclass(frozen=True)
class Kurtosis:
    """Makes each layer's weights as evenly distributed as uniform ones: `weight / L · Σ (K(W) − target)²`.

    K(W) = mean(((W − μ) / σ)⁴) over a layer's weights, for L quantised layers; it is 1.8 of a uniform
    distribution, 3 of a normal one (Shkolnik et al., "Robust Quantization: One Model to Rule Them All",
    arXiv 2002.07686, section 4). Raises UserError for a weight that is not above 0 and a target that no
    distribution has.
    """

    weight: float = 1.0
    target: float = 1.8

    def __post_init__(self) -> None:
        check_weight("regularisation weight", self.weight)
        if not 1 <= self.target < math.inf:
            raise UserError(f"regularisation target: expected a kurtosis of at least 1, got {self.target}")

    def __call__(self, model: nn.Module) -> Tensor:
        """A scalar, 0 for a network without quantised layers."""
        found = [kurtosis(layer.weight) for layer in quantised_layers(model)]
        if not found:
            return torch.zeros(())
        return self.weight * (torch.stack(found) - self.target).square().mean()


def kurtosis(values: Tensor) -> Tensor:
    """The mean fourth power of standardised values, a scalar with gradient; 0 if all are equal."""
    deviations = values - values.mean()
    variance = deviations.square().mean().clamp_min(torch.finfo(torch.float32).tiny ** 0.5)
    return (deviations / variance.sqrt()).pow(4).mean()


Regularisation = QuantisationError | Kurtosis


@dataclass(frozen=True)
class Regularised(Companion):
    """Adds a term to the loss of each batch."""

    term: Regularisation

    def penalty(self, model: nn.Module, images: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        return self.term(model)


def check_weight(what: str, weight: float) -> None:
    if not 0 < weight < math.inf:
        raise UserError(f"{what}: expected more than 0 and finite, got {weight}")
