"""Accumulators that are hard to requantise, and the columns that carry parameters to a `Requantiser`."""

from __future__ import annotations

import numpy as np

from twofold.network.types import IntArray
from twofold.rtl.requantize.requantizer import CONFIG, RequantiseMode, Requantiser


def ties_and_extremes(
    multiplier: IntArray, shift: IntArray, acc_bits: int, rng: np.random.Generator, *, count: int
) -> IntArray:
    """[count, lanes] accumulators: close to the results' ties, anywhere, and at the ends of the range."""
    low, high = -(1 << (acc_bits - 1)), (1 << (acc_bits - 1)) - 1
    steps = rng.integers(-600, 600, (count, len(multiplier)))
    tie = ((2 * steps + 1) << shift) // (2 * np.maximum(multiplier, 1)) + rng.integers(-1, 2, steps.shape)
    anywhere = rng.integers(low, high + 1, steps.shape)
    ends = rng.choice([low, low + 1, -1, 0, 1, high - 1, high], steps.shape)
    kind = rng.choice(3, steps.shape, p=[0.6, 0.3, 0.1])
    return np.clip(np.choose(kind, [tie, anywhere, ends]), low, high)


def config_word(mode: RequantiseMode, *, zero_point: int = 0, low: int = 0, high: int = 0) -> int:
    """The value of the `config` port."""
    fields = {"mode": mode, "bounds": {"zero_point": zero_point, "low": low, "high": high}}
    return int(CONFIG.const(fields).as_value().value)


def columns(
    design: Requantiser, words: list[int], accumulators: IntArray, config: int, every: int = 1
) -> dict[str, list[int]]:
    """Columns of inputs: the parameter words, then a vector every `every` cycles, and in the cycles between
    the next vector without `valid`. Tags count the cycles."""
    load, cycles = len(words), every * len(accumulators)
    tags = 1 << len(design.tag)
    vectors = np.repeat(np.roll(accumulators, -1, axis=0), every, axis=0)
    vectors[::every] = accumulators
    return {
        "config": [config] * (load + cycles + design.multiplier_latency(design.lanes_per_multiplier)),
        "param_valid": [1] * load,
        "param_index": list(range(load)),
        "param_word": words,
        "valid": [0] * load + [int(cycle % every == 0) for cycle in range(cycles)],
        "acc": [[0] * design.lanes] * load + vectors.tolist(),
        "tag": [0] * load + [cycle % tags for cycle in range(cycles)],
    }
