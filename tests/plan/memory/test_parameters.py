"""Parameter words of a stage: bias first, then what the requantiser reads, block by block."""

from __future__ import annotations

import numpy as np

from twofold.network.graph import Network
from twofold.network.ops import Conv2d, Requantise, Threshold
from twofold.plan.memory.parameters import parameter_words, words_per_block
from twofold.plan.stages import Stage, stages
from twofold.rtl.geometry import Geometry

GEOMETRY = Geometry(lanes=8)


def fields(word: int) -> np.ndarray:
    """The eight 32-bit fields of a word, signed."""
    return np.frombuffer(word.to_bytes(32, "little"), "<i4")


def stage_of(network: Network, name: str) -> Stage:
    return next(stage for stage in stages(network) if stage.name == name)


def words_of(stage: Stage, correction: int = 0) -> tuple[int, ...]:
    return parameter_words(stage, GEOMETRY, np.full(stage.sums.channels, correction), 1)


def test_biases_carry_the_correction_and_missing_channels_nothing(network: Network) -> None:
    stage = stage_of(network, "logits")
    assert isinstance(stage.body, Conv2d)
    words = words_of(stage, correction=6)
    assert len(words) == 2
    assert fields(words[0]).tolist() == (stage.body.bias[:8] + 6).tolist()
    assert fields(words[1]).tolist() == [*(stage.body.bias[8:] + 6), *([0] * 7)]


def test_multipliers_lie_below_their_shifts(network: Network) -> None:
    stage = stage_of(network, "right")
    assert isinstance(stage.quantiser, Requantise)
    words = words_of(stage)
    assert len(words) == 2 * (1 + words_per_block(stage)) == 4
    assert (
        fields(words[1]).tolist() == (stage.quantiser.multiplier + (stage.quantiser.shift << 16))[:8].tolist()
    )
    assert fields(words[3])[2:].tolist() == [0] * 6


def test_thresholds_hold_the_biases_and_lie_below_their_levels(network: Network) -> None:
    stage = stage_of(network, "left")
    assert isinstance(stage.quantiser, Threshold)
    assert isinstance(stage.body, Conv2d)
    words = words_of(stage, correction=6)
    assert len(words) == 2 * (1 + words_per_block(stage)) == 2 * 17
    assert not fields(words[0]).any() and not fields(words[17]).any()
    words = words[1:17]
    thresholds, levels = stage.quantiser.thresholds - stage.body.bias[:, None] - 6, stage.quantiser.levels
    assert [int(fields(word)[3]) & 0xFFFFFF for word in words[1:8]] == [
        int(threshold) & 0xFFFFFF for threshold in thresholds[3]
    ]
    assert [int(fields(word)[3]) >> 24 & 0xFF for word in words[:8]] == levels.tolist()


def test_operations_without_a_bias_begin_at_zero_and_sums_have_nothing_else(network: Network) -> None:
    assert not fields(words_of(stage_of(network, "joined"))[0]).any()
    logits = stage_of(network, "logits")
    assert words_per_block(logits) == 0
    assert len(words_of(logits)) == 2


def test_a_groups_biases_lie_together_and_missing_blocks_are_zeros(network: Network) -> None:
    stage = stage_of(network, "left")
    one = words_of(stage)
    group = parameter_words(stage, GEOMETRY, np.zeros(10, np.int64), 2)
    assert group == (one[0], one[17], *one[1:17], *one[18:])
    three = parameter_words(stage, GEOMETRY, np.zeros(10, np.int64), 3)
    assert three == (*group[:2], 0, *group[2:], *([0] * 16))
