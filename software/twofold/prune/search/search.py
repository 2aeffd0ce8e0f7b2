"""The search for widths: agents act, a threshold turns actions into widths, a reward comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from twofold.prune.search.agents import Actions, AgentSettings, DualAgents, FloatArray, own_generators
from twofold.prune.search.global_ranking import GlobalRanking

#: An action of ±1 is a scale of 2 to the power of ± this.
_SCALE_RANGE = 1.0
#: An action of ±1 is a bias of ± this, in deviations of a layer's importance.
_BIAS_RANGE = 0.75


@dataclass(frozen=True)
class Episode:
    """kept: channels that each group keeps; reward: of the network with these."""

    number: int
    kept: tuple[int, ...]
    reward: float


def episodes(
    ranking: GlobalRanking,
    reward_of: Callable[[tuple[int, ...]], float],
    count: int,
    seed: int,
    settings: AgentSettings | None = None,
) -> Iterator[Episode]:
    """`count` episodes; equal seeds and rewards give equal ones.

    reward_of: of widths, best around 0 and of the order of 1. The first episode is the ranking as it is,
    with all scales 1 and biases 0.
    """
    layers = len(ranking.importance)
    with own_generators(seed):
        agents = DualAgents(_state(ranking), layers, seed, settings or AgentSettings())
        for number in range(count):
            plain = Actions(np.zeros(layers, np.float32), np.zeros(layers, np.float32))
            actions = agents.act(number) if number else plain
            kept = ranking.kept(*_meaning(actions))
            reward = reward_of(kept)
            agents.learn(actions, reward)
            yield Episode(number, kept, reward)


def _meaning(actions: Actions) -> tuple[list[float], list[float]]:
    """Scales and biases."""
    return [float(2 ** (_SCALE_RANGE * value)) for value in actions.scales], [
        float(_BIAS_RANGE * value) for value in actions.biases
    ]


def _state(ranking: GlobalRanking) -> FloatArray:
    """Of each group: its width and the share of the MACs that its channels take; both around 1."""
    costs, widths = ranking.costs, ranking.costs.widths
    whole = costs.macs(widths)
    rows = []
    for place, width in enumerate(widths):
        without = costs.macs([w - (other == place) for other, w in enumerate(widths)])
        rows.append([np.log2(width) / 8, width * (whole - without) / whole])
    return np.asarray(rows, np.float32).ravel()
