"""The parameter words of a stage: of each group of blocks the biases, then the requantisers' words."""

from __future__ import annotations

import numpy as np

from twofold.network.errors import NetworkError
from twofold.network.ops import Conv2d, Requantise, Threshold
from twofold.network.types import IntArray
from twofold.plan.maps import code_range
from twofold.plan.stages import Stage
from twofold.rtl.geometry import LANE_BITS, SUM_WORD_BITS, Geometry
from twofold.rtl.mac.interface import pack
from twofold.rtl.requantize.words import RequantiseWords
from twofold.rtl.tile import THRESHOLD_BITS


def parameter_words(
    stage: Stage, geometry: Geometry, correction: IntArray, group_blocks: int
) -> tuple[int, ...]:
    """Words of lanes × 32 bits: group after group the biases of its blocks, then their other words.

    Thresholds are compared with sums without bias, so that it is taken from them, and sums begin at 0.
    correction: [C], added to the bias. group_blocks: output blocks that are computed at a time.
    """
    lanes = geometry.lanes
    channels = stage.sums.channels
    bias = correction + (stage.body.bias if isinstance(stage.body, Conv2d) else 0)
    bias = bias if stage.bias is None else bias + stage.bias
    initial = np.zeros(channels, np.int64) if isinstance(stage.quantiser, Threshold) else bias
    parts = [slice(first, first + lanes) for first in range(0, channels, lanes)]
    words: list[int] = []
    for first in range(0, len(parts), group_blocks):
        group = parts[first : first + group_blocks]
        missing = group_blocks - len(group)
        biases = [pack(_padded(initial[part], lanes), SUM_WORD_BITS) for part in group]
        words += [*biases, *[0] * missing]
        for part in group:
            words += _quantiser_words(stage, geometry, part, bias)
        words += [0] * (missing * words_per_block(stage))
    return tuple(words)


def words_per_block(stage: Stage) -> int:
    """Requantiser words of one block, as the engine reads them."""
    if stage.quantiser is None:
        return 0
    return 1 if isinstance(stage.quantiser, Requantise) else 1 << THRESHOLD_BITS


def _quantiser_words(stage: Stage, geometry: Geometry, part: slice, bias: IntArray) -> list[int]:
    quantiser = stage.quantiser
    encoder = RequantiseWords(geometry.lanes, geometry.tile_bits(full=False), THRESHOLD_BITS)
    if quantiser is None:
        return []
    if isinstance(quantiser, Requantise):
        return encoder.multipliers(
            _padded(quantiser.multiplier[part], geometry.lanes),
            _padded(quantiser.shift[part], geometry.lanes),
        )[:1]
    _check_thresholds(quantiser, stage, geometry)
    steps = quantiser.thresholds[part] - bias[part, None]
    return encoder.thresholds(_padded(steps, geometry.lanes), quantiser.levels)


def _check_thresholds(quantiser: Threshold, stage: Stage, geometry: Geometry) -> None:
    count = quantiser.thresholds.shape[1]
    if count >= 1 << THRESHOLD_BITS:
        expected = (
            f"at most {(1 << THRESHOLD_BITS) - 1} a channel, or equal steps that a multiplier gives "
            "(quantise this to 4 bits or fewer or to uniform levels, average over a power of two of pixels, "
            "or build with --backend hls)"
        )
        raise NetworkError(quantiser.name, "thresholds", expected, count)
    lo, hi = code_range(stage.result)
    if not geometry.level_bits and np.any(np.diff(quantiser.levels) != 1):
        raise NetworkError(
            quantiser.name, "levels", "codes that follow each other, level_bits 0", quantiser.levels.tolist()
        )
    if 0 < geometry.level_bits < LANE_BITS:
        lo, hi = max(lo, 0), min(hi, (1 << geometry.level_bits) - 1)
    if quantiser.levels.min() < lo or quantiser.levels.max() > hi:
        raise NetworkError(
            quantiser.name,
            "levels",
            f"codes of {geometry.level_bits or LANE_BITS} bits in [{lo}, {hi}]",
            quantiser.levels.tolist(),
        )


def _padded(values: IntArray, lanes: int) -> IntArray:
    """Zeros for the channels that fill up the last block."""
    missing = lanes - len(values)
    return np.pad(values, [(0, missing)] + [(0, 0)] * (values.ndim - 1))
