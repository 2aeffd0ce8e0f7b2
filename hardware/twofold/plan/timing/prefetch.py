"""Where in a frame the transfers of the next frame's input begin."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from twofold.plan.instructions import Instruction, prefetch
from twofold.plan.timing.cost import CostModel
from twofold.plan.timing.timeline import RunTiming
from twofold.rtl.isa import Opcode


def with_prefetches(
    frame: Sequence[Instruction], inputs: Sequence[Instruction], behind: Collection[str], cost: CostModel
) -> tuple[Instruction, ...]:
    """The frame with a PREFETCH for each LOAD of `inputs`, one before each layer from some layer on of those
    named in `behind`, which gives the fewest cycles a frame; those that are left before END.

    Between two layers it keeps the second one's weights from being loaded behind the first.
    """
    places = [i for i, step in enumerate(frame) if step.opcode is Opcode.LAYER and step.label in behind]
    ends = len(frame) - 1
    choices = [tuple(_placed(frame, inputs, (*places[first:], ends))) for first in range(len(places) + 1)]
    return min(choices, key=lambda choice: RunTiming.of((), choice, cost).frame)


def _placed(
    frame: Sequence[Instruction], inputs: Sequence[Instruction], places: Sequence[int]
) -> Iterator[Instruction]:
    """One before each of the `places`, all that are left before the last."""
    left = [prefetch(step) for step in inputs]
    for index, step in enumerate(frame):
        count = len(left) if index == places[-1] else int(index in places)
        yield from left[:count]
        left = left[count:]
        yield step
