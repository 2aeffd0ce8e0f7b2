"""Two DDPG agents: one says a scale for each layer, the other, which sees the scales, a bias."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from twofold.errors import UserError

if TYPE_CHECKING:
    from stable_baselines3 import DDPG

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class AgentSettings:
    """hidden: units of both hidden layers of actor and critic; batch, updates: of training after each
    episode.

    warm_up: first episodes, whose actions are drawn at random; noise, decay, least_noise: standard
    deviation of what is added to an action, in units of its range's half, its factor each episode, and
    where that ends.
    """

    hidden: int = 64
    learning_rate: float = 1e-3
    batch: int = 32
    updates: int = 16
    warm_up: int = 40
    noise: float = 0.4
    decay: float = 0.985
    least_noise: float = 0.05

    def noise_at(self, episode: int) -> float:
        return max(self.noise * self.decay ** max(episode - self.warm_up, 0), self.least_noise)


@dataclass(frozen=True, eq=False)
class Actions:
    """Both in [−1, 1], one number a layer."""

    scales: FloatArray
    biases: FloatArray


class DualAgents:
    """Lillicrap et al., "Continuous Control with Deep Reinforcement Learning", arXiv 1509.02971, algorithm
    1, twice.

    An episode is one step: the agents choose, the network is judged, so there is no next state and a critic
    learns the reward itself. state: what the first agent sees; the second sees the first one's action
    behind it. Raises UserError if stable-baselines3 is missing.
    """

    def __init__(self, state: FloatArray, layers: int, seed: int, settings: AgentSettings) -> None:
        self.state, self.layers, self.settings = state, layers, settings
        self.random = np.random.default_rng(seed)
        self.first = _agent(len(state), layers, seed, settings)
        self.second = _agent(len(state) + layers, layers, seed + 1, settings)

    def act(self, episode: int) -> Actions:
        """With noise; at random in the first episodes."""
        if episode < self.settings.warm_up:
            both = self.random.uniform(-1, 1, (2, self.layers)).astype(np.float32)
            return Actions(both[0], both[1])
        scales = self._noisy(self.first, self.state, episode)
        return Actions(scales, self._noisy(self.second, np.concatenate([self.state, scales]), episode))

    def learn(self, actions: Actions, reward: float) -> None:
        """Both agents, from all episodes so far."""
        for agent, state, action in (
            (self.first, self.state, actions.scales),
            (self.second, np.concatenate([self.state, actions.scales]), actions.biases),
        ):
            buffer: Any = agent.replay_buffer
            buffer.add(state[None], state[None], action[None], np.array([reward]), np.array([True]), [{}])
            if buffer.size() >= self.settings.batch:
                agent.train(self.settings.updates, self.settings.batch)

    def _noisy(self, agent: DDPG, state: FloatArray, episode: int) -> FloatArray:
        action, _ = agent.predict(state, deterministic=True)
        noise = self.random.normal(0, self.settings.noise_at(episode), self.layers)
        return np.clip(action + noise, -1, 1).astype(np.float32)


def _agent(inputs: int, outputs: int, seed: int, settings: AgentSettings) -> DDPG:
    library, spaces = _library()
    from stable_baselines3.common.logger import Logger

    agent: DDPG = library.DDPG(
        "MlpPolicy",
        spaces.of(inputs, outputs),
        learning_rate=settings.learning_rate,
        buffer_size=10_000,
        batch_size=settings.batch,
        policy_kwargs={"net_arch": [settings.hidden, settings.hidden]},
        seed=seed,
        device="cpu",
    )
    agent.set_logger(Logger(folder=None, output_formats=[]))
    return agent


def _library() -> tuple[Any, Any]:
    try:
        import stable_baselines3
    except ImportError as error:
        raise UserError(
            "the filter search expects stable-baselines3, which is not installed; pip install 'twofold[rl]'"
        ) from error
    from twofold.prune.search import spaces

    return stable_baselines3, spaces


@contextmanager
def own_generators(seed: int) -> Iterator[None]:
    """Seeds NumPy's and PyTorch's global generators for stable-baselines3, and restores all that it seeds."""
    before, python = np.random.get_state(), random.getstate()
    with torch.random.fork_rng(devices=[]):
        np.random.seed(seed)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            np.random.set_state(before)
            random.setstate(python)
