"""How pruning is spread over stages of fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from twofold.errors import UserError
from twofold.prune.remove import kept_filters, widths


@dataclass(frozen=True)
class StagedPruning:
    """Removes `ratio` of every layer's filters in `stages` equal steps. Raises UserError out of range."""

    ratio: float = 0.3
    stages: int = 3

    def __post_init__(self) -> None:
        if not 0 <= self.ratio < 1:
            raise UserError(f"pruning ratio: expected 0 ≤ ratio < 1, got {self.ratio}")
        if self.stages < 1:
            raise UserError(f"pruning stages: expected at least 1, got {self.stages}")

    def keep_after(self, stage: int, original: Mapping[str, int]) -> Mapping[str, int]:
        """Filters left in each layer after stage 1 to `stages`, from the widths before the first stage."""
        ratio = self.ratio if stage == self.stages else self.ratio * stage / self.stages
        return {name: kept_filters(width, ratio) for name, width in original.items()}

    def plan(self, model: nn.Module) -> tuple[Mapping[str, int], ...]:
        """Filters left in each layer of the unpruned `model` after every stage."""
        original = widths(model)
        return tuple(self.keep_after(stage, original) for stage in range(1, self.stages + 1))
