"""What goes along with a stage's training, besides the loss on labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from twofold.prune.unstructured import restore_zeros


class Companion:
    """Called by the training loop at its turns. This one does nothing; others override what they need."""

    def before_epoch(self, model: nn.Module) -> None:
        """Looks at the model before an epoch; what it keeps must follow from the model alone, for
        resuming."""

    def penalty(self, model: nn.Module, images: Tensor, logits: Tensor, labels: Tensor) -> Tensor | None:
        """A scalar that is added to the loss of a batch: images [N, C, H, W], float32 logits, labels [N]."""
        return None

    def after_step(self, model: nn.Module) -> None:
        """Changes the model after the optimiser has."""

    def after_epoch(self, model: nn.Module) -> None:
        """Changes the model after an epoch, before it is validated."""


NO_COMPANION = Companion()


@dataclass(frozen=True)
class AfterEpoch(Companion):
    """Changes the model after each epoch."""

    change: Callable[[nn.Module], None]

    def after_epoch(self, model: nn.Module) -> None:
        self.change(model)


@dataclass(frozen=True, eq=False)
class KeptZeros(Companion):
    """Weights that were pruned one by one stay 0. masks: of `twofold.prune.unstructured.zero_masks`."""

    masks: Mapping[str, Tensor]

    def after_step(self, model: nn.Module) -> None:
        restore_zeros(model, self.masks)


@dataclass(frozen=True, eq=False)
class Together(Companion):
    """Several companions, each called in turn; their penalties add up."""

    members: Sequence[Companion]

    def before_epoch(self, model: nn.Module) -> None:
        for member in self.members:
            member.before_epoch(model)

    def penalty(self, model: nn.Module, images: Tensor, logits: Tensor, labels: Tensor) -> Tensor | None:
        found = [member.penalty(model, images, logits, labels) for member in self.members]
        terms = [term for term in found if term is not None]
        return sum(terms[1:], terms[0]) if terms else None

    def after_step(self, model: nn.Module) -> None:
        for member in self.members:
            member.after_step(model)

    def after_epoch(self, model: nn.Module) -> None:
        for member in self.members:
            member.after_epoch(model)
