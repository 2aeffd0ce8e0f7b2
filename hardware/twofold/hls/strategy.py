"""How many multipliers a layer gets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Strategy:
    """hls4ml's name of the strategy, and over how many cycles each multiplier is reused."""

    name: str
    reuse_factor: int


def choose(inputs: int, outputs: int, multipliers: int) -> Strategy:
    """The fastest strategy of at most `multipliers` for inputs × outputs products.

    A layer that fits is fully parallel (`latency`). Any other is `resource` with the smallest reuse
    factor that hls4ml's matrix product can schedule: one that divides inputs · outputs, and is either at
    most `inputs` or a multiple of it.
    """
    products = inputs * outputs
    if products <= multipliers:
        return Strategy("latency", 1)
    for reuse in range(-(-products // multipliers), products):
        if products % reuse == 0 and (inputs % reuse == 0 if reuse <= inputs else reuse % inputs == 0):
            return Strategy("resource", reuse)
    return Strategy("resource", products)
