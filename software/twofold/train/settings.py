"""How long and how fast to train."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import nn

from twofold.errors import UserError
from twofold.train.augment import Augmentation


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba, arXiv 1412.6980)."""

    learning_rate: float = 3e-3

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, self.learning_rate)


@dataclass(frozen=True)
class Sgd:
    """Stochastic gradient descent with momentum and weight decay."""

    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, self.learning_rate, self.momentum, weight_decay=self.weight_decay)


@dataclass(frozen=True)
class Fit:
    """One training run; the learning rate falls to zero along half a cosine.

    max_norm: longest gradient; longer ones are scaled down. Raises UserError for fewer than one epoch.
    """

    epochs: int
    optimiser: Adam | Sgd = field(default_factory=Adam)
    batch: int = 128
    augmentation: Augmentation = field(default_factory=Augmentation)
    max_norm: float = 5.0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1:
            raise UserError(
                f"expected at least 1 epoch and 1 image a batch, got {self.epochs} and {self.batch}"
            )

    def learning_rate(self, epoch: int) -> float:
        return self.optimiser.learning_rate * (1 + math.cos(math.pi * epoch / self.epochs)) / 2
