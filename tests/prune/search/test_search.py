"""Two agents on a problem whose answer is known."""

from __future__ import annotations

import random
import sys

import numpy as np
import pytest
import torch

from twofold.errors import UserError
from twofold.prune.groups import ChannelGroup
from twofold.prune.search.agents import AgentSettings
from twofold.prune.search.costs import WidthCosts
from twofold.prune.search.global_ranking import GlobalRanking, standardised
from twofold.prune.search.search import Episode, episodes

GROUPS = tuple(ChannelGroup((name,), {}, ()) for name in "abc")
COSTS = WidthCosts.of(GROUPS, dict.fromkeys("abc", 8), dict.fromkeys("abc", 64))
RANKING = GlobalRanking(tuple(standardised(torch.arange(8.0)) for _ in range(3)), COSTS, budget=96)
BRIEF = AgentSettings(hidden=16, batch=8, updates=4, warm_up=10, decay=0.9)


def reward(kept: tuple[int, ...]) -> float:
    """The first layer is worth most."""
    return kept[0] / 4 - kept[2] / 8 - 0.5


def found(seed: int, count: int = 40) -> list[Episode]:
    return list(episodes(RANKING, reward, count, seed, BRIEF))


def test_every_network_is_within_the_budget_and_the_first_is_plain() -> None:
    first, *others = found(0, 12)
    assert first.kept == (4, 4, 4)
    assert all(COSTS.macs(episode.kept) <= 96 for episode in others)
    assert len({episode.kept for episode in others}) > 3


def test_the_agents_find_what_is_rewarded() -> None:
    rewards = [episode.reward for episode in found(0, 60)]
    assert np.mean(rewards[-10:]) > np.mean(rewards[1:11]) + 0.2, "after learning, beside at random"


def test_equal_seeds_give_equal_episodes_and_leave_the_generators_alone() -> None:
    before = torch.random.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    first = found(3, 16)
    assert first == found(3, 16) != found(4, 16)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]
    assert random.getstate() == before[2]


def test_without_the_library_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    with pytest.raises(UserError, match=r"expects stable-baselines3, .* pip install 'twofold\[rl\]'"):
        found(0, 1)
