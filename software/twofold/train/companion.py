"""What goes along with a stage's training, besides the loss on labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn


class Companion:
    """Called by the training loop at its turns. This one does nothing; others override what they need."""

    def penalty(self, model: nn.Module, images: Tensor, logits: Tensor, labels: Tensor) -> Tensor | None:
        """A scalar that is added to the loss of a batch: images [N, C, H, W], float32 logits, labels [N]."""
        return None

    def after_step(self, model: nn.Module) -> None:
        """Changes the model after the optimiser has."""

    def after_epoch(self, model: nn.Module) -> None:
        """Changes the model after an epoch, before it is validated."""


@dataclass(frozen=True)
class AfterEpoch(Companion):
    """Changes the model after each epoch."""

    change: Callable[[nn.Module], None]

    def after_epoch(self, model: nn.Module) -> None:
        self.change(model)


NO_COMPANION = Companion()
