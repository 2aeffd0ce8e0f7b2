"""One threshold for the channels of all layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from twofold.errors import UserError
from twofold.prune.search.costs import WidthCosts

#: A deviation of so small a share of the values is what rounding makes of equal ones.
_ALIKE = 1e-12


def standardised(importance: Tensor) -> Tensor:
    """Shifted to mean 0 and scaled to deviation 1, [C] → [C]: one threshold then takes like shares of all.

    Equal values become 0.
    """
    shifted, spread = importance - importance.mean(), importance.std(correction=0)
    alike = spread <= _ALIKE * importance.abs().max()
    return torch.zeros_like(shifted) if alike else shifted / spread


@dataclass(frozen=True, eq=False)
class GlobalRanking:
    """Which channels stay when layers' scores are made comparable by a scale and a bias for each.

    Channel c of group g is worth scale[g] · importance[g][c] + bias[g]; those below a threshold go, at
    least one of a group stays. The threshold is the least that brings the network within the budget (Wang
    Jiong, dissertation, Nanjing University of Posts and Telecommunications, 2022, as the survey describes
    it; Chin et al., "Towards Efficient Model Compression via Learned Global Ranking", arXiv 1904.12368,
    learn the same two numbers a layer).

    importance: of each group, [C], as `standardised` gives it. budget: MACs of a frame. align: widths are
    rounded up to multiples of it. Raises UserError if no threshold meets the budget.
    """

    importance: tuple[Tensor, ...]
    costs: WidthCosts
    budget: float
    align: int = 1

    def __post_init__(self) -> None:
        least = self.costs.macs(self._aligned([1] * len(self.importance)))
        if least > self.budget:
            raise UserError(
                f"filter search: expected a budget of at least {least:,.0f} MACs, what is left with a "
                f"filter a layer, or one tile, got {self.budget:,.0f}; use a smaller ratio or a smaller align"
            )

    def kept(self, scales: Sequence[float], biases: Sequence[float]) -> tuple[int, ...]:
        """Channels that each group keeps. scales: positive, one a group; biases: one a group."""
        worths = [
            scale * importance + bias
            for scale, importance, bias in zip(scales, self.importance, biases, strict=True)
        ]
        thresholds = torch.cat(worths).unique()
        low, high = 0, len(thresholds)  # the threshold with the greatest index keeps one channel a group
        while low < high:
            middle = (low + high) // 2
            if self.costs.macs(self._above(worths, thresholds, middle)) <= self.budget:
                high = middle
            else:
                low = middle + 1
        return self._above(worths, thresholds, low)

    def removed(self, kept: Sequence[int]) -> list[list[int]]:
        """For each group, the channels of least importance that are too many."""
        return [
            sorted(torch.argsort(importance, stable=True)[: len(importance) - count].tolist())
            for importance, count in zip(self.importance, kept, strict=True)
        ]

    def _above(self, worths: Sequence[Tensor], thresholds: Tensor, index: int) -> tuple[int, ...]:
        if index == len(thresholds):
            return self._aligned([1] * len(worths))
        return self._aligned([max(int((worth >= thresholds[index]).sum()), 1) for worth in worths])

    def _aligned(self, kept: Sequence[int]) -> tuple[int, ...]:
        return tuple(
            min(width, -(-count // self.align) * self.align)
            for count, width in zip(kept, self.costs.widths, strict=True)
        )
