"""What training minimises."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from twofold.errors import UserError


@dataclass(frozen=True)
class Distillation:
    """Learning from another network's logits (Hinton et al., arXiv 1503.02531, section 2).

    temperature: softens both distributions; weight: share of the teacher in the loss, labels have the rest.
    """

    temperature: float = 4.0
    weight: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf or not 0 <= self.weight <= 1:
            raise UserError(
                "distillation: expected a finite temperature > 0 and 0 ≤ weight ≤ 1, got "
                f"{self.temperature} and {self.weight}"
            )


@dataclass(frozen=True)
class Objective:
    """Cross entropy of float32 logits [N, classes] and, with a teacher, the distance to its logits.

    smoothing: share of a label that is spread over all classes. teacher: images [N, C, H, W] → logits
    [N, classes], a network in evaluation mode.
    """

    smoothing: float = 0.0
    teacher: Callable[[Tensor], Tensor] | None = None
    distillation: Distillation = Distillation()

    def __call__(self, logits: Tensor, labels: Tensor, images: Tensor) -> Tensor:
        """The mean over the batch, a scalar."""
        loss = F.cross_entropy(logits, labels, label_smoothing=self.smoothing)
        if self.teacher is None:
            return loss
        with torch.no_grad():
            taught = self.teacher(images).float()
        heat = self.distillation.temperature
        own, given = (F.log_softmax(scores / heat, 1) for scores in (logits, taught))
        distance = F.kl_div(own, given, reduction="batchmean", log_target=True)
        weight = self.distillation.weight
        return (1 - weight) * loss + weight * heat**2 * distance
