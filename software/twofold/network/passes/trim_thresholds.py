"""Removes thresholds that no input can tell apart (range analysis)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twofold.network.graph import Network
from twofold.network.ops import Op, Threshold
from twofold.network.ranges import ChannelRange, value_ranges


def trim_thresholds(network: Network) -> Network:
    """Each `Threshold` without the levels at both ends that no channel reaches; one threshold stays."""
    ranges = value_ranges(network)
    ops = tuple(_trimmed(op, ranges[op.inputs[0]]) if isinstance(op, Threshold) else op for op in network.ops)
    return replace(network, ops=ops)


def _trimmed(op: Threshold, operand: ChannelRange) -> Op:
    count = op.thresholds.shape[1]
    always = int(np.all(op.thresholds <= operand.lo[:, None], axis=0).sum())
    never = int(np.all(op.thresholds > operand.hi[:, None], axis=0).sum())
    first = min(always, max(count - 1, 0))
    last = max(count - never, first + 1)
    return replace(op, thresholds=op.thresholds[:, first:last], levels=op.levels[first : last + 1])
