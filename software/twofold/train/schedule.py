"""How the learning rate changes, as a share of its peak."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from twofold.errors import UserError


@dataclass(frozen=True)
class Cosine:
    """Falls to zero along half a cosine, once an epoch."""

    def factor(self, progress: float, epochs: int, scores: Sequence[float]) -> float:
        """progress: epochs done, with fractions; scores: validation accuracy of each finished epoch."""
        return (1 + math.cos(math.pi * math.floor(progress) / epochs)) / 2


@dataclass(frozen=True)
class OneCycle:
    """Rises in a straight line for a share `warm_up` of the run, then falls to zero along half a cosine.

    It changes with every batch (Smith and Topin, "Super-Convergence", arXiv 1708.07120).
    """

    warm_up: float = 0.2
    start: float = 0.04

    def __post_init__(self) -> None:
        if not 0 < self.warm_up < 1:
            raise UserError(f"warm_up: expected a share between 0 and 1, got {self.warm_up}")

    def factor(self, progress: float, epochs: int, scores: Sequence[float]) -> float:
        share = progress / epochs
        if share < self.warm_up:
            return self.start + (1 - self.start) * share / self.warm_up
        return (1 + math.cos(math.pi * (share - self.warm_up) / (1 - self.warm_up))) / 2


@dataclass(frozen=True)
class Plateau:
    """Multiplies by `cut` after each `patience` epochs without a better validation accuracy."""

    cut: float = 0.9
    patience: int = 3

    def __post_init__(self) -> None:
        if not 0 < self.cut < 1 or self.patience < 1:
            raise UserError(
                f"plateau: expected 0 < cut < 1 and patience ≥ 1, got {self.cut} and {self.patience}"
            )

    def factor(self, progress: float, epochs: int, scores: Sequence[float]) -> float:
        best, waited, cuts = -math.inf, 0, 0
        for score in scores:
            best, waited = (score, 0) if score > best else (best, waited + 1)
            if waited == self.patience:
                cuts, waited = cuts + 1, 0
        return self.cut**cuts


Schedule = Cosine | OneCycle | Plateau
