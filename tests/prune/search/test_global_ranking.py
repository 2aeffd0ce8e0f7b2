"""One threshold for all layers: what scales and biases do to widths, within a budget."""

from __future__ import annotations

import pytest
import torch

from twofold.errors import UserError
from twofold.prune.groups import ChannelGroup
from twofold.prune.search.costs import WidthCosts
from twofold.prune.search.global_ranking import GlobalRanking, standardised

#: Two layers of four filters, the second reads the first; 16 MACs each, the first from one channel.
GROUPS = (ChannelGroup(("a",), {}, ("b",)), ChannelGroup(("b",), {}, ()))
COSTS = WidthCosts.of(GROUPS, {"a": 4, "b": 4}, {"a": 16, "b": 16})
FIRST, SECOND = torch.tensor([0.4, 0.8, 1.2, 1.6]), torch.tensor([1.3, 0.7, 1.1, 0.9])


def ranking(budget: float, align: int = 1) -> GlobalRanking:
    return GlobalRanking((FIRST, SECOND), COSTS, budget, align)


def test_the_least_of_all_layers_go_until_the_budget_is_met() -> None:
    assert ranking(32).kept((1, 1), (0, 0)) == (4, 4)
    # Without 0.4 there are 3 and 4 left, 12 + 12 MACs; without 0.7 too 3 and 3, 12 + 9.
    assert ranking(24).kept((1, 1), (0, 0)) == (3, 4)
    assert ranking(23).kept((1, 1), (0, 0)) == (3, 3)


def test_a_scale_and_a_bias_protect_a_layer() -> None:
    assert ranking(20).kept((4, 1), (0, 0)) == (4, 1)
    assert ranking(20).kept((1, 1), (0, 2)) == (2, 4)


def test_standardised_importance() -> None:
    assert standardised(torch.tensor([1.0, 3.0])).tolist() == [-1, 1]
    assert standardised(torch.ones(3)).tolist() == [0, 0, 0]
    assert not standardised(torch.full((3,), 0.1, dtype=torch.float64)).any(), "whose mean is not quite 0.1"


def test_every_group_keeps_a_channel() -> None:
    assert ranking(8).kept((1, 1), (0, 9)) == (1, 4)


def test_aligned_widths() -> None:
    # 0.4 and 0.7 are rounded up to again; 0.8, the next, takes the first layer to 2.
    assert ranking(24, align=2).kept((1, 1), (0, 0)) == (2, 4)


def test_what_goes_is_worth_least() -> None:
    assert ranking(32).removed((2, 1)) == [[0, 1], [1, 2, 3]]


def test_a_budget_that_nothing_meets_is_refused() -> None:
    with pytest.raises(UserError, match=r"expected a budget of at least 12 MACs, .* got 11"):
        ranking(11, align=2)
