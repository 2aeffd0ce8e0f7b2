"""Trees of ternary adders: each leaf counts once, at the least depth."""

from __future__ import annotations

import pytest

from twofold.rtl.mac.ternary_tree import Term, plan_tree, total


def leaves_of(bits: int, groups: int) -> tuple[Term, ...]:
    return tuple(Term(-32, 28, plane) for plane in range(bits) for _ in range(groups))


@pytest.mark.parametrize("addends", [1, 2])
@pytest.mark.parametrize("bits", range(1, 9))
def test_a_tree_adds_each_leaf_once(bits: int, addends: int) -> None:
    leaves = leaves_of(bits, 2)
    plan = plan_tree(leaves, addends)
    terms = leaves
    for groups in plan.levels:
        assert sorted(index for group in groups for index in group) == list(range(len(terms)))
        assert all(len(group) <= 3 for group in groups)
        terms = tuple(total([terms[index] for index in group]) for group in groups)
    assert terms == plan.roots and len(terms) <= addends
    whole = 2 * ((1 << bits) - 1)
    assert total(terms) == Term(-32 * whole, 28 * whole, 0)


@pytest.mark.parametrize(
    ("leaves", "addends", "levels"), [(1, 1, 0), (2, 1, 1), (3, 1, 1), (16, 1, 3), (16, 2, 2)]
)
def test_depth_is_the_least(leaves: int, addends: int, levels: int) -> None:
    assert len(plan_tree(leaves_of(1, leaves), addends).levels) == levels


def test_sixteen_tables_take_less_than_a_lut_for_each_bit_of_them() -> None:
    assert plan_tree(leaves_of(4, 4), 2).luts <= 60 < 16 * 6
