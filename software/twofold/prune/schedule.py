"""How pruning is spread over training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from twofold.errors import UserError
from twofold.prune.criteria.named import CriterionName
from twofold.prune.remove import kept_filters, widths


@dataclass(frozen=True)
class StagedPruning:
    """Removes `ratio` of every layer's filters in `stages` equal steps, a training after each (PPQ).

    align: the widths that are left are rounded up to multiples of it, because a tile of the engine
    computes that many channels in any case. criterion: which filters go. Raises UserError out of range.
    """

    ratio: float = 0.3
    stages: int = 3
    align: int = 1
    criterion: CriterionName = CriterionName.GEOMETRIC_MEDIAN

    def __post_init__(self) -> None:
        _check(self.ratio, self.align)
        if self.stages < 1:
            raise UserError(f"pruning stages: expected at least 1, got {self.stages}")

    def keep_after(self, stage: int, original: Mapping[str, int]) -> Mapping[str, int]:
        """Filters left in each layer after stage 1 to `stages`, from the widths before the first stage."""
        ratio = self.ratio if stage == self.stages else self.ratio * stage / self.stages
        return {name: kept_filters(width, ratio, self.align) for name, width in original.items()}

    def plan(self, model: nn.Module) -> tuple[Mapping[str, int], ...]:
        """Filters left in each layer of the unpruned `model` after every stage."""
        original = widths(model)
        return tuple(self.keep_after(stage, original) for stage in range(1, self.stages + 1))


@dataclass(frozen=True)
class QuantisedPruning(StagedPruning):
    """`StagedPruning` of a network that was quantised and trained first.

    Scores come from the quantised weights and maps; training after each step is quantised. The second order
    of Song, "Improving the Performance and Efficiency of CNNs via Fixed-Point Quantization and Structured
    Pruning", section 7.1.
    """


@dataclass(frozen=True)
class _AtOnce:
    """Removes `ratio` of every layer's filters in one step. align: as in `StagedPruning`."""

    ratio: float = 0.3
    align: int = 1

    def __post_init__(self) -> None:
        _check(self.ratio, self.align)

    def keep(self, model: nn.Module) -> Mapping[str, int]:
        """Filters left in each layer of the unpruned `model`."""
        return {name: kept_filters(width, self.ratio, self.align) for name, width in widths(model).items()}


@dataclass(frozen=True)
class SoftPruning(_AtOnce):
    """Zeroes `ratio` of every layer's filters after each epoch and removes them at the end (SPQ).

    align, criterion: as in `StagedPruning`. Raises UserError out of range.
    """

    criterion: CriterionName = CriterionName.GEOMETRIC_MEDIAN


@dataclass(frozen=True)
class PseudoPruning(_AtOnce):
    """Trains the whole network and the pruned one together, then removes `ratio` of every layer's filters.

    align, criterion: as in `StagedPruning`. weight: of the pruned network's loss beside the whole one's, as
    `twofold.train.twin.TwinTraining` says. Raises UserError out of range.
    """

    criterion: CriterionName = CriterionName.GEOMETRIC_MEDIAN
    weight: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.weight < math.inf:
            raise UserError(f"pruning weight: expected more than 0 and finite, got {self.weight}")


@dataclass(frozen=True)
class JointPruning(_AtOnce):
    """One loss for pruning and quantisation (`twofold.train.joint.JointTraining`), which empties `ratio` of
    every layer's filters; then they are removed.

    align: as in `StagedPruning`. pruning_weight, quantisation_weight: of the two terms beside the loss on
    labels. Raises UserError out of range.
    """

    pruning_weight: float = 1.0
    quantisation_weight: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.pruning_weight < math.inf or not 0 <= self.quantisation_weight < math.inf:
            raise UserError(
                "pruning weights: expected pruning_weight > 0 and quantisation_weight ≥ 0, both finite, got "
                f"{self.pruning_weight} and {self.quantisation_weight}"
            )


@dataclass(frozen=True)
class UnstructuredPruning:
    """Sets `ratio` of every layer's weights to 0, the smallest, and keeps them 0. Raises UserError out of
    range."""

    ratio: float = 0.5

    def __post_init__(self) -> None:
        _check(self.ratio, 1)


@dataclass(frozen=True)
class ListedPruning:
    """Leaves each layer in `keep` so many filters, in one step, such as `twofold filters` finds.

    criterion: as in `StagedPruning`. Raises UserError for numbers below 1.
    """

    keep: Mapping[str, int]
    criterion: CriterionName = CriterionName.GEOMETRIC_MEDIAN

    def __post_init__(self) -> None:
        for name, count in self.keep.items():
            if count < 1:
                raise UserError(f"pruning keep: {name}: expected at least 1 filter, got {count}")

    def plan(self, model: nn.Module) -> tuple[Mapping[str, int], ...]:
        """Raises UserError for layers that the unpruned `model` has not, or not so wide."""
        original = widths(model)
        for name, count in self.keep.items():
            if name not in original:
                raise UserError(
                    f"pruning keep: expected convolutions of the network, {', '.join(original)}, got {name}"
                )
            if count > original[name]:
                raise UserError(f"pruning keep: {name} has {original[name]} filters, got {count} to keep")
        return (self.keep,)


Pruning = StagedPruning | ListedPruning | SoftPruning | PseudoPruning | JointPruning | UnstructuredPruning


def _check(ratio: float, align: int) -> None:
    if not 0 <= ratio < 1:
        raise UserError(f"pruning ratio: expected 0 ≤ ratio < 1, got {ratio}")
    if align < 1:
        raise UserError(f"pruning align: expected a multiple of at least 1, got {align}")
