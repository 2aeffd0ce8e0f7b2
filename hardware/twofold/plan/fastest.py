"""The split of a layer that takes the fewest cycles."""

from __future__ import annotations

from twofold.plan.input_blocks import InputBlocks
from twofold.plan.layer_fields import Placement, layer_fields
from twofold.plan.split import Split, splits, works
from twofold.plan.stages import Stage
from twofold.plan.timing.cost import CostModel
from twofold.rtl.geometry import Geometry

_NOWHERE = (0, 0)


def fastest(stage: Stage, pe: int, cost: CostModel, block_words: int = 0, paired_words: int = 0) -> Split:
    """By the predicted cycles of its instructions; of equals the one with most blocks, each of which has its
    weights in one bank alone.

    block_words: memory words of an output block's weights if it reads all input blocks; a split that needs
    more of them in a bank than the bank holds is taken only if all do. paired_words: the same for a split
    that is paired, half of those of two blocks. Raises NetworkError if sums cannot be held.
    """
    geometry = cost.geometry
    found = list(splits(stage, geometry))
    fitting = [
        split
        for split in found
        if _bank_words(stage, split, geometry, paired_words if split.paired else block_words)
        <= geometry.weight_words
    ]
    return min(fitting or found, key=lambda split: (cycles(stage, pe, split, cost), -split.blocks))


def _bank_words(stage: Stage, split: Split, geometry: Geometry, block_words: int) -> int:
    inputs = InputBlocks.of(stage, split.blocks, geometry)
    return len(inputs.firsts) * block_words * inputs.count // inputs.total


def cycles(stage: Stage, pe: int, split: Split, cost: CostModel) -> int:
    """Predicted cycles of a stage, split like this; addresses do not matter."""
    place = Placement(_NOWHERE[: len(stage.operands)], 0, 0, 0, 0, 0)
    parts = works(stage, split, cost.geometry)
    return sum(cost.layer(layer_fields(stage, cost.geometry, pe, place, work)) for work in parts)
