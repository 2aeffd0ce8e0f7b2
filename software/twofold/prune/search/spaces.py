"""How many numbers an agent sees and gives, in gymnasium's terms."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


class Spaces(gymnasium.Env[FloatArray, FloatArray]):
    """Only says which numbers go in and out: steps of two agents at once are taken by `DualAgents`."""

    def __init__(self, inputs: int, outputs: int) -> None:
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (inputs,), np.float32)
        self.action_space = gymnasium.spaces.Box(-1, 1, (outputs,), np.float32)

    def step(self, action: FloatArray) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
        raise NotImplementedError("an episode is taken by DualAgents")


def of(inputs: int, outputs: int) -> Spaces:
    return Spaces(inputs, outputs)
