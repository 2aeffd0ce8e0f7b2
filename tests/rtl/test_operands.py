"""Which numbers the sums of which kinds are."""

from __future__ import annotations

import pytest

from twofold.rtl.operands import Operands


def test_sources_of_one_addend_have_places_of_their_own() -> None:
    operands = Operands.of([1, 1], full=False)
    assert operands == Operands(places=((0,), (1,), (2,)), alternatives=(3,))
    assert [operands.sources(place) for place in range(operands.count)] == [{0: 0}, {1: 0}, {2: 0}]


def test_in_a_full_tile_they_share_one() -> None:
    assert Operands.of([1, 1], full=True) == Operands(places=((0,), (0,), (0,)), alternatives=(1,))


@pytest.mark.parametrize("full", [False, True])
def test_beside_a_kind_of_two_addends_the_others_share_a_place(full: bool) -> None:
    operands = Operands.of([2, 1, 1], full=full)
    assert operands == Operands(places=((0,), (1, 2), (0,), (0,)), alternatives=(2, 1))
    assert [operands.sources(place) for place in range(operands.count)] == [
        {0: 0, 2: 0, 3: 0},
        {1: 0},
        {1: 1},
    ]
