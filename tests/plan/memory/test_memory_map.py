"""Maps that live at the same time have words of their own; the others share."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twofold.errors import UserError
from twofold.network.graph import Network
from twofold.plan.memory.memory_map import Lifetime, allocate, earliest_prefetch, lifetimes
from twofold.plan.stages import Stage, stages


@st.composite
def lives(draw: st.DrawFn) -> list[Lifetime]:
    """The input, which may live across the end of frames of 20 stages, and maps that do not."""
    births = sorted(draw(st.lists(st.integers(0, 12), max_size=10)))
    dies = draw(st.integers(0, 12))
    source = Lifetime("x", draw(st.integers(1, 30)), draw(st.integers(dies + 1, 20)), dies)
    maps = [
        Lifetime(f"m{index}", draw(st.integers(1, 30)), born, born + draw(st.integers(0, 6)))
        for index, born in enumerate(births)
    ]
    return [source, *maps]


def stages_of(life: Lifetime) -> set[int]:
    if life.born <= life.dies:
        return set(range(life.born, life.dies + 1))
    return {*range(life.born, 21), *range(life.dies + 1)}


@given(lives())
def test_maps_overlap_if_a_stage_needs_both(maps: list[Lifetime]) -> None:
    for one in maps:
        for other in maps:
            if one is not other:
                assert one.overlaps(other) == bool(stages_of(one) & stages_of(other))


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


def test_the_input_comes_in_as_early_as_memory_allows(network: Network) -> None:
    parts = stages(network)
    words = allocate_words(parts, len(parts))
    assert earliest_prefetch(parts, 8, 1, depth=1 << 16) == 1, "only the first stage reads the input"
    for depth in range(words, allocate_words(parts, 1) + 1):
        assert allocate_words(parts, earliest_prefetch(parts, 8, 1, depth)) <= depth


def allocate_words(parts: Sequence[Stage], prefetch: int) -> int:
    lives = lifetimes(parts, 8, 1, prefetch)
    addresses = allocate(lives, 1 << 16)
    return max(addresses[life.name] + life.words for life in lives)


def test_too_little_memory_names_the_depth_that_would_do() -> None:
    maps = [Lifetime("a", 100, -1, 0), Lifetime("b", 60, 0, 1)]
    message = (
        "activation memory: 160 words are needed, the geometry has 128; "
        "choose activation_words ≥ 160 or fewer channels"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        allocate(maps, 128)
