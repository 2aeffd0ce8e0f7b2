"""Refusals of parameters that the hardware cannot hold."""

from __future__ import annotations

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.rtl.requantize.words import RequantiseWords

WORDS = RequantiseWords(lanes=2)


def test_multiplier_and_shift_are_one_word() -> None:
    assert WORDS.multipliers([3, 65535], [5, 47]) == [3 | 5 << 16 | (65535 | 47 << 16) << 32]


@pytest.mark.parametrize(
    ("multiplier", "shift", "message"),
    [
        ([65536, 1], [0, 0], r"expected multipliers in \[0, 65535\], found 65536"),
        ([1, 1], [48, 0], r"expected shifts in \[0, 47\], found 48"),
    ],
)
def test_multiplier_out_of_range(multiplier: list[int], shift: list[int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        WORDS.multipliers(multiplier, shift)


def test_unreachable_thresholds_keep_the_last_level() -> None:
    words = WORDS.thresholds([[-(1 << 40), 1 << 40], [0, 1]], [10, 20, 30])
    first = [(word >> 24) & 0xFF for word in words]
    assert first == [10] + [20] * 15
    assert [(word >> 56) & 0xFF for word in words] == [10, 20] + [30] * 14
    assert words[1] & 0xFFFFFF == 0x800000 and words[2] & 0xFFFFFF == 0x7FFFFF


@pytest.mark.parametrize(
    ("steps", "levels", "message"),
    [
        (np.zeros((2, 16)), np.zeros(17), "expected at most 15 thresholds"),
        (np.zeros((2, 2)), np.zeros(2), "one level more than thresholds, got 2 and 2"),
        ([[1, 0], [0, 1]], [0, 1, 2], "expected thresholds in ascending order"),
        ([[0], [0]], [0, 256], r"expected levels in \[-128, 255\], found 256"),
    ],
)
def test_thresholds_that_do_not_fit(steps: object, levels: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        WORDS.thresholds(np.asarray(steps), np.asarray(levels))
