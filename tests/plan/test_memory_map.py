"""Maps that live at the same time have words of their own; the others share."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twofold.errors import UserError
from twofold.plan.memory_map import Lifetime, allocate


@st.composite
def lives(draw: st.DrawFn) -> list[Lifetime]:
    births = sorted(draw(st.lists(st.integers(-1, 12), min_size=1, max_size=10)))
    return [
        Lifetime(f"m{index}", draw(st.integers(1, 30)), born, born + draw(st.integers(0, 6)))
        for index, born in enumerate(births)
    ]


@given(lives())
def test_live_maps_never_overlap(maps: list[Lifetime]) -> None:
    addresses = allocate(maps, 1 << 16)
    words = {life.name: set(range(addresses[life.name], addresses[life.name] + life.words)) for life in maps}
    for one in maps:
        for other in maps:
            if one is not other and one.overlaps(other):
                assert not words[one.name] & words[other.name]


def test_memory_is_used_again_after_the_last_reader() -> None:
    maps = [
        Lifetime("a", 100, -1, 0),
        Lifetime("b", 50, 0, 1),
        Lifetime("c", 100, 1, 2),
        Lifetime("d", 9, 2, 3),
    ]
    assert allocate(maps, 160) == {"a": 0, "b": 100, "c": 0, "d": 100}


def test_too_little_memory_names_the_depth_that_would_do() -> None:
    maps = [Lifetime("a", 100, -1, 0), Lifetime("b", 60, 0, 1)]
    message = (
        "activation memory: 160 words are needed, the geometry has 128; "
        "choose activation_words ≥ 160 or fewer channels"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        allocate(maps, 128)
