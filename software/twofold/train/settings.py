"""How long and how fast to train."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from twofold.errors import UserError
from twofold.train.augment import Augmentation
from twofold.train.schedule import Cosine, Schedule


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba, arXiv 1412.6980)."""

    learning_rate: float = 3e-3

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, self.learning_rate)


@dataclass(frozen=True)
class Sgd:
    """Stochastic gradient descent with momentum; weight decay for all but vectors and scalars."""

    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    nesterov: bool = False

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        every = list(parameters)
        groups = [
            {"params": [p for p in every if p.ndim > 1], "weight_decay": self.weight_decay},
            {"params": [p for p in every if p.ndim <= 1], "weight_decay": 0.0},
        ]
        return torch.optim.SGD(groups, self.learning_rate, self.momentum, nesterov=self.nesterov)


@dataclass(frozen=True)
class Fit:
    """One training run.

    max_norm: longest gradient; longer ones are scaled down. smoothing: share of each label that is spread
    over all classes. slimming: times Σ |γ| of all batch normalisations is added to the loss (Liu et al.,
    arXiv 1708.06519, equation 1). Raises UserError for fewer than one epoch.
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
        if self.slimming < 0:
            raise UserError(f"slimming: expected a factor of at least 0, got {self.slimming}")

    def learning_rate(self, progress: float, scores: Sequence[float] = ()) -> float:
        """progress: epochs done, with fractions; scores: validation accuracy of each finished epoch."""
        return self.optimiser.learning_rate * self.schedule.factor(progress, self.epochs, scores)
