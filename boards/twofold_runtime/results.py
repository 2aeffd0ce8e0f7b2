"""What a model file does with its network's numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from twofold_runtime.errors import AcceleratorError
from twofold_runtime.frames import STEPS


def _softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _log_softmax(values: np.ndarray) -> np.ndarray:
    below = values - values.max(axis=1, keepdims=True)
    return below - np.log(np.exp(below).sum(axis=1, keepdims=True))


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(np.float32(0), -values))


def _argmax(values: np.ndarray) -> np.ndarray:
    return values.argmax(axis=1)


FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "sigmoid": _sigmoid,
    "argmax": _argmax,
}
"""Steps without a constant."""


def file_values(logits: np.ndarray, host: dict[str, Any]) -> np.ndarray:
    """The model file's output of its network's numbers [N, K], in float32: [N, K], or [N] behind an ArgMax.

    host: of program.json or kernel.json. Raises AcceleratorError if it does not say what comes after them.
    """
    if host["results"] is None:
        raise AcceleratorError(
            f"values: expected steps after the network that the runtime can do, found "
            f"{', '.join(host['after'])}; take logits(), the numbers before"
        )
    values = logits.astype(np.float32)
    for step in host["results"]:
        if step["kind"] in FUNCTIONS:
            values = FUNCTIONS[step["kind"]](values)
        else:
            values = STEPS[step["kind"]](values, np.float32(step["constant"][0]))
    return values
