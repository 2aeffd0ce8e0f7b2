"""Thresholds by bisection are those of trying out every integer."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.network.ranges import ChannelRange
from twofold.qonnx.importer.reading import HIGHEST, LOWEST, MIDDLE, Reading, read_as, slack_of
from twofold.qonnx.importer.rounding import QuantRounding
from twofold.qonnx.importer.staircase import code_error, staircase
from twofold.qonnx.importer.steps import AtLeast, DividedBy, Plus, Times

ONE = Fraction(1)
CODES = np.arange(-7, 8)


def numbers(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def rounding(scale: float) -> QuantRounding:
    return QuantRounding(scale, 0, (-8, 7), "ROUND")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_bisection_finds_what_trying_out_finds(data: st.DataObject) -> None:
    positive = st.floats(0.0625, 3, width=32)
    steps = (
        Times("", numbers(data.draw(positive), data.draw(positive))),
        Plus("", numbers(*data.draw(st.tuples(*[st.floats(-9, 9, width=32)] * 2)))),
        AtLeast("", numbers(0, -1)),
        DividedBy("", numbers(data.draw(positive), data.draw(positive))),
    )
    reading = read_as((ONE, ONE / 8), (ONE * 3, ONE * 0)).then(*steps)
    quantiser = rounding(data.draw(positive))
    lo, hi = np.array([-90, -70]), np.array([60, 200])
    found = staircase(reading, ChannelRange(lo, hi), 15, lambda values, _: quantiser(values) >= CODES)
    for channel in range(2):
        integers = np.arange(lo[channel], hi[channel] + 1)
        codes = quantiser(reading.of(np.array([channel])).values(integers[None], MIDDLE))[0]
        expected = [
            int(integers[codes >= code][0]) if (codes >= code).any() else hi[channel] + 1 for code in CODES
        ]
        assert found.thresholds[channel].tolist() == expected


def test_an_error_on_a_step_is_seen() -> None:
    reading = Reading((ONE,), (ONE * 0,), np.array([0.3]))
    range_ = ChannelRange(np.array([-9]), np.array([9]))
    far = staircase(reading, range_, 1, lambda values, _: values >= np.float32(3.5))
    near = staircase(reading, range_, 1, lambda values, _: values >= np.float32(3.2))
    assert far.is_exact and far.thresholds.tolist() == [[4]]
    assert not near.is_exact
    assert (near.earliest.tolist(), near.thresholds.tolist(), near.latest.tolist()) == ([[3]], [[4]], [[4]])
    assert code_error(near.thresholds, near.earliest) == 1


def test_the_ends_of_an_interval_are_float32_numbers() -> None:
    reading = Reading((ONE / 3,), (ONE * 0,), np.array([0.25]))
    least, most = (reading.values(np.array([[3]]), side)[0, 0] for side in (LOWEST, HIGHEST))
    assert (least, most) == (np.float32(0.75), np.float32(1.25))


@pytest.mark.parametrize(
    ("gain", "most", "exact"),
    [
        (ONE, 1 << 24, True),
        (ONE, (1 << 24) + 2, False),
        (ONE * 4, 1 << 24, True),
        (ONE * 3 / 8, 5_592_405, True),
        (ONE * 3 / 8, 5_592_406, False),
        (Fraction(0.1), 2, False),
        (ONE / 3, 1, False),
        (ONE * 2**120, 1 << 20, False),
    ],
)
def test_sums_are_exact_up_to_24_bits(gain: Fraction, most: int, exact: bool) -> None:
    bounds = np.array([most])
    (slack,) = slack_of([gain], [ONE * 0], bounds, bounds, addends=9)
    assert (slack == 0) is exact


def test_the_bound_of_an_inexact_sum_holds() -> None:
    random = np.random.default_rng(0)
    scale = np.float32(0.1)
    codes, weights = random.integers(0, 256, (500, 64)), random.integers(-8, 8, 64)
    products = (codes.astype(np.float32) * scale) * weights.astype(np.float32)
    total = int(np.abs(weights).sum()) * 255
    (slack,) = slack_of([Fraction(float(scale))], [ONE * 0], np.array([total]), np.array([total]), addends=64)
    sums = np.array([np.add.reduce(row, dtype=np.float32) for row in products], np.float64)
    worst = np.abs(sums - (codes @ weights) * float(scale)).max()
    assert 0 < worst < slack < 1e-1 * total
