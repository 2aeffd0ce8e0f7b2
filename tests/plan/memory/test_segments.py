"""Segments of the image: loaded once if all fits, else before each layer."""

from __future__ import annotations

import re

import pytest

from twofold.errors import UserError
from twofold.plan.memory.segments import Part, Segment
from twofold.rtl.isa import Memory

WORDS = ((Part((1, 2, 3)),), (), (Part((4, 5)),))


def segment(depth: int) -> Segment:
    return Segment(Memory.WEIGHTS, WORDS, word_bytes=8, offset=64, depth=depth)


def test_words_lie_one_after_the_other_lowest_byte_first() -> None:
    assert segment(16).data == b"".join(bytes([word, *([0] * 7)]) for word in (1, 2, 3, 4, 5))


def test_what_fits_is_loaded_once() -> None:
    resident = segment(5)
    (load,) = resident.setup()
    assert (load.fields["offset"], load.fields["words"], load.fields["address"]) == (64, 5, 0)
    assert [resident.address(stage) for stage in range(3)] == [0, 3, 3]
    assert not any(resident.before(stage, "layer") for stage in range(3))


def test_what_does_not_fit_is_loaded_before_each_layer() -> None:
    streamed = segment(4)
    assert not streamed.setup()
    assert [streamed.address(stage) for stage in range(3)] == [0, 0, 0]
    loads = [streamed.before(stage, "layer") for stage in range(3)]
    assert [[(load.fields["offset"], load.fields["words"]) for load in each] for each in loads] == [
        [(64, 3)],
        [],
        [(64 + 3 * 8, 2)],
    ]


def test_a_segment_without_words_loads_nothing() -> None:
    empty = Segment(Memory.WEIGHTS, ((), (Part(()),)), 8, 0, 16)
    assert not empty.setup() and not empty.before(0, "layer")


def test_more_words_than_one_load_brings_are_streamed() -> None:
    half = tuple(range(1 << 15))
    halves = ((Part(half),), (Part(half),))
    assert not Segment(Memory.WEIGHTS, halves, 8, 0, depth=1 << 16).resident
    assert Segment(Memory.WEIGHTS, (halves[0], (Part(half[1:]),)), 8, 0, depth=1 << 16).resident


def test_a_layer_must_fit_alone() -> None:
    message = "weights: a layer needs 3 words, the geometry holds 2; choose a depth of at least 3"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        segment(2)


def test_parts_lie_at_one_address_in_the_banks_that_need_them() -> None:
    """A stage for all four banks alike, then one of two parts, then one of the first of them alone."""
    parts = ((Part((1, 2)),), (Part((3, 4, 5), 0, 2), Part((6, 7, 8), 1, 2)), (Part((9,), 0, 2),))
    resident = Segment(Memory.WEIGHTS, parts, 8, 0, depth=6)
    assert resident.total == 6
    names = ("offset", "words", "address", "bank", "bank_step")
    found = [tuple(load.fields[name] for name in names) for load in resident.setup()]
    assert found == [(0, 2, 0, 0, 1), (16, 3, 2, 0, 2), (40, 3, 2, 1, 2), (64, 1, 5, 0, 2)]
    streamed = Segment(Memory.WEIGHTS, parts, 8, 0, depth=5).before(1, "layer")
    found = [tuple(load.fields[name] for name in names) for load in streamed]
    assert found == [(16, 3, 0, 0, 2), (40, 3, 0, 1, 2)]
