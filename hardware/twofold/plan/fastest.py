"""The split of a layer that takes the fewest cycles."""

from __future__ import annotations

from twofold.plan.cost import CostModel
from twofold.plan.layer_fields import Placement, layer_fields
from twofold.plan.split import Split, splits, works
from twofold.plan.stages import Stage

_NOWHERE = (0, 0)


def fastest(stage: Stage, pe: int, cost: CostModel) -> Split:
    """By the predicted cycles of its instructions; of equals the one with most bands, which needs least
    weight memory.

    Raises NetworkError if sums cannot be held.
    """
    return min(splits(stage, cost.geometry), key=lambda split: cycles(stage, pe, split, cost))


def cycles(stage: Stage, pe: int, split: Split, cost: CostModel) -> int:
    """Predicted cycles of a stage, split like this; addresses do not matter."""
    place = Placement(_NOWHERE[: len(stage.operands)], 0, 0, 0, 0, 0)
    parts = works(stage, split, cost.geometry)
    return sum(cost.layer(layer_fields(stage, cost.geometry, pe, place, work)) for work in parts)
