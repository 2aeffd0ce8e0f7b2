"""By how many cycles a layer may begin before the last result of the one before is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from twofold.plan.instructions import Instruction
from twofold.plan.timing.cost import CostModel
from twofold.rtl.isa import EARLY_MAX, Opcode


def with_early_starts(frame: Sequence[Instruction], cost: CostModel) -> tuple[Instruction, ...]:
    """The instructions of a frame, each LAYER behind which another one follows with its `early`."""
    behind = (*frame[1:], *frame[:1])
    return tuple(
        replace(step, fields={**step.fields, "early": early(step.fields, after.fields, cost)})
        if step.opcode is after.opcode is Opcode.LAYER
        else step
        for step, after in zip(frame, behind, strict=True)
    )


def early(before: Mapping[str, int], after: Mapping[str, int], cost: CostModel) -> int:
    """Cycles by which the layer `after` may begin early.

    Up to `LayerTiming.slack` its first word is still read after the last result is stored; beyond, its first
    words must not be the last ones that `before` writes. The shortest layer lasts until `after` is fetched.
    """
    slack = cost.timing.slack
    return EARLY_MAX if _begins_apart(before, after, EARLY_MAX - slack) else slack


def _begins_apart(before: Mapping[str, int], after: Mapping[str, int], count: int) -> bool:
    """Whether the first `count` words that a tile reads lie in other columns than the last ones written."""
    rows_hold_them = min(before["out_width"], after["out_width"]) >= count
    last_column = after["origin_x"] + (count - 1) * after["stride_x"]
    return rows_hold_them and last_column < after["in_width"] - count
