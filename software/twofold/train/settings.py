"""How long and how fast to train."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from twofold.errors import UserError
from twofold.train.augment import Augmentation
from twofold.train.schedule import Cosine, Schedule


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba, arXiv 1412.6980). Raises UserError for a learning rate that is not above 0."""

    learning_rate: float = 3e-3

    def __post_init__(self) -> None:
        _check_rate(self.learning_rate)

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, self.learning_rate)


@dataclass(frozen=True)
class Sgd:
    """Stochastic gradient descent with momentum; weight decay for all but vectors and scalars.

    Raises UserError for a learning rate that is not above 0, a momentum that is not from 0 to below 1, or is
    0 for Nesterov's, and a negative decay.
    """

    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    nesterov: bool = False

    def __post_init__(self) -> None:
        _check_rate(self.learning_rate)
        if not 0 <= self.momentum < 1 or (self.nesterov and not self.momentum):
            lowest = "above 0, as nesterov needs one," if self.nesterov else "from 0"
            raise UserError(f"momentum: expected a share {lowest} to below 1, got {self.momentum}")
        if not self.weight_decay >= 0:
            raise UserError(f"weight_decay: expected 0 or more, got {self.weight_decay}")

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        every = list(parameters)
        groups = [
            {"params": [p for p in every if p.ndim > 1], "weight_decay": self.weight_decay},
            {"params": [p for p in every if p.ndim <= 1], "weight_decay": 0.0},
        ]
        return torch.optim.SGD(groups, self.learning_rate, self.momentum, nesterov=self.nesterov)


def _check_rate(rate: float) -> None:
    if not 0 < rate < math.inf:
        raise UserError(f"learning_rate: expected more than 0, got {rate}")


@dataclass(frozen=True)
class Fit:
    """One training run.

    max_norm: longest gradient; longer ones are scaled down. smoothing: share of each label that is spread
    over all classes. slimming: times Σ |γ| of all batch normalisations is added to the loss (Liu et al.,
    arXiv 1708.06519, equation 1). Raises UserError for values out of range.
    """

    epochs: int
    optimiser: Adam | Sgd = field(default_factory=Adam)
    batch: int = 128
    augmentation: Augmentation = field(default_factory=Augmentation)
    max_norm: float = 5.0
    schedule: Schedule = field(default_factory=Cosine)
    smoothing: float = 0.0
    slimming: float = 0.0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1:
            raise UserError(
                f"expected at least 1 epoch and 1 image a batch, got {self.epochs} and {self.batch}"
            )
        if not 0 <= self.smoothing < 1:
            raise UserError(f"label smoothing: expected 0 ≤ smoothing < 1, got {self.smoothing}")
        if not self.slimming >= 0:
            raise UserError(f"slimming: expected a factor of at least 0, got {self.slimming}")
        if not self.max_norm > 0:
            raise UserError(f"gradient_norm: expected a length above 0, got {self.max_norm}")

    def learning_rate(self, progress: float, scores: Sequence[float] = ()) -> float:
        """progress: epochs done, with fractions; scores: validation accuracy of each finished epoch."""
        return self.optimiser.learning_rate * self.schedule.factor(progress, self.epochs, scores)
