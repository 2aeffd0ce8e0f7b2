"""Where the next frame's input begins to come in."""

from __future__ import annotations

from collections.abc import Sequence

from twofold.plan.instructions import Instruction, layer, load, marker, store
from twofold.plan.memory.banks import Transfer
from twofold.plan.timing.cost import BusTiming, CostModel
from twofold.plan.timing.prefetch import with_prefetches
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import LANES_PE, LAYER, Base, Memory, Opcode, Output

COST = CostModel(Geometry(), BusTiming(1, 1, 0))


def loads(words: int, count: int = 1) -> list[Instruction]:
    transfer = Transfer(0, words, 0, 0, 1, words)
    return [load("input", Memory.ACTIVATIONS, Base.INPUT, 0, transfer)] * count


def work(label: str, pe: int = 1, pixels: int = 200) -> Instruction:
    loops = ("out_groups", "tile_blocks", "in_blocks", "taps_y", "taps_x", "parts", "out_height")
    fields = dict.fromkeys(LAYER.members, 0) | dict.fromkeys(loops, 1) | {"output": Output.MULTIPLY}
    return layer(label, fields | {"pe": pe, "out_width": pixels})


FRAME = [
    *(work(label) for label in ("first", "second", "third")),
    work("add", pe=LANES_PE),
    work("last"),
    store("y", Memory.ACTIVATIONS, 0, Transfer(0, 3, 0, 0, 1, 3)),
    marker(Opcode.END),
]
BEHIND = {"second", "third", "add", "last"}


def labels(frame: Sequence[Instruction]) -> list[str]:
    return [step.opcode.name if step.opcode is Opcode.PREFETCH else step.label for step in frame]


def test_a_short_transfer_waits_for_a_layer_without_weights() -> None:
    found = labels(with_prefetches(FRAME, loads(20), BEHIND, COST))
    assert found == ["first", "second", "third", "PREFETCH", "add", "last", "y", "end"]


def test_a_long_transfer_begins_at_once() -> None:
    found = labels(with_prefetches(FRAME, loads(2000), BEHIND, COST))
    assert found[:3] == ["first", "PREFETCH", "second"]


def test_transfers_come_one_by_one_and_the_rest_before_the_end() -> None:
    found = labels(with_prefetches(FRAME, loads(500, count=6), BEHIND, COST))
    assert found == ["first", *(word for label in BEHIND_IN_ORDER for word in ("PREFETCH", label)), *REST]
    assert labels(with_prefetches(FRAME, loads(3), set(), COST))[-2:] == ["PREFETCH", "end"]


BEHIND_IN_ORDER = ("second", "third", "add", "last")
REST = ("y", "PREFETCH", "PREFETCH", "end")
