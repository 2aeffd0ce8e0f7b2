"""How wide partial sums must be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twofold.network.graph import Network
from twofold.network.ops import Conv2d
from twofold.network.ranges import ChannelRange, sum_bound, value_ranges
from twofold.plan.stages import Stage


def sum_limits(network: Network, parts: Sequence[Stage], slacks: Sequence[int]) -> list[int]:
    """Of each stage the greatest magnitude that any of its partial sums can have, in any order of addition.

    slacks: by how much its encoding's corrections move them.
    """
    ranges = value_ranges(network)
    limits = []
    for part, slack in zip(parts, slacks, strict=True):
        body = part.body
        bound = max(map(abs, ranges[part.sums.name].bounds))
        if isinstance(body, Conv2d):
            source = network.tensors[part.operands[0].name]
            values = ranges[source.name]
            spread = ChannelRange(*map(part.operands[0].spread, (values.lo, values.hi)))
            bound = sum_bound(body, source, spread) + slack
        if part.bias is not None:
            bound += int(np.abs(part.bias).max())
        limits.append(bound)
    return limits


def accumulator_width(limit: int) -> int:
    """Bits of a signed sum of that magnitude that is never the greatest one: unused thresholds are."""
    return (limit + 1).bit_length() + 1
