"""Three or four weights to a block: which, where, and what they add to the bias."""

from __future__ import annotations

import numpy as np
import pytest

from twofold.rtl.mac.int4_dsp import Int4Dsp
from twofold.rtl.primitives.family import Family
from twofold.sim.benches.pe_stream import accepted_weights


def test_all_weights_of_the_range_are_held() -> None:
    assert accepted_weights(Int4Dsp(4, 4)).tolist() == list(range(-8, 8))
    assert accepted_weights(Int4Dsp(4, 4, low=-10, high=10)).tolist() == list(range(-10, 11))


@pytest.mark.parametrize(
    ("family", "low", "high", "shifts"),
    [
        (Family.XC7, -8, 7, (0, 7, 14, 20)),
        (Family.XC7, -7, 7, (0, 7, 14, 21)),
        (Family.XC7, -10, 10, (0, 10, 20)),
        (Family.XCUP, -8, 7, (0, 7, 14, 21)),
        (Family.XCUP, -15, 15, (0, 11, 22)),
    ],
)
def test_lanes(family: Family, low: int, high: int, shifts: tuple[int, ...]) -> None:
    kind = Int4Dsp(16, 16, family, low, high)
    assert kind.packing.shifts == shifts
    assert Int4Dsp(16, 4 * len(shifts), family, low, high).dsp == 16 * 4


def test_four_products_a_block() -> None:
    kind = Int4Dsp(16, 16)
    assert (kind.dsp, kind.load_words, kind.settle, kind.latency) == (64, 8, 7, 24)


def test_outputs_that_do_not_fill_a_block_cost_a_whole_one() -> None:
    assert (Int4Dsp(16, 15, low=-10, high=10).dsp, Int4Dsp(16, 16, low=-10, high=10).dsp) == (80, 96)


def test_rows_of_negative_weights_are_corrected() -> None:
    kind = Int4Dsp(4, 4, low=-7)
    weights = np.zeros((4, 4), np.int64)
    assert kind.correction(weights).tolist() == [0, -128, -128, 0]
    weights[1, :3] = -1
    assert kind.correction(weights).tolist() == [0, -4 * 128, -4 * 128 + 3, 3]


@pytest.mark.parametrize(("low", "high"), [(-16, 7), (1, 7), (-8, 16), (-8, 0)])
def test_refusals(low: int, high: int) -> None:
    with pytest.raises(ValueError, match=r"expected weights from \[-15, 0\] to \[1, 15\]"):
        Int4Dsp(4, 4, low=low, high=high)


def test_words_hold_at_least_a_row() -> None:
    with pytest.raises(ValueError, match="expected memory words of at least 16 bits, got 8"):
        Int4Dsp(1, 4)
