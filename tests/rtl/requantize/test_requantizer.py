"""Requantisation in hardware against the network's rounding, by multiplier and by thresholds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twofold.network.rounding import requantise
from twofold.network.types import IntArray
from twofold.rtl.primitives.family import Family
from twofold.rtl.requantize.requantizer import RequantiseMode, Requantiser
from twofold.sim import primitives
from twofold.sim.benches.requantise_stream import columns, config_word, ties_and_extremes
from twofold.sim.vectors import VectorSimulation, build

LANES = 3


@pytest.fixture(scope="module")
def design() -> Requantiser:
    return Requantiser(lanes=LANES, tag_bits=5)


@pytest.fixture(scope="module")
def hardware(design: Requantiser) -> VectorSimulation:
    return build(design, Path("build/vectors"))


def codes(
    design: Requantiser, hardware: VectorSimulation, words: list[int], accumulators: IntArray, config: int
) -> IntArray:
    """The codes of a stream; checks that valid and tag came with them, at the declared latency."""
    inputs = columns(design, words, accumulators, config)
    outputs = hardware.run(inputs)
    begin = len(words) + design.LATENCY
    assert outputs["out_valid"].tolist() == [0] * begin + [1] * len(accumulators)
    assert outputs["out_tag"][begin:].tolist() == inputs["tag"][len(words) :]
    for name in ("valid", "tag"):
        assert outputs[f"next_{name}"][:-1].tolist() == outputs[f"out_{name}"][1:].tolist()
    return outputs["q"][begin:]


def multiplier_case(rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    shift = rng.integers(0, 48, LANES)
    return rng.integers(0, 1 << 16, LANES) >> rng.integers(0, 16, LANES), shift


@pytest.mark.parametrize(
    ("zero_point", "low", "high"), [(0, 0, 255), (0, -128, 127), (-7, -128, 127), (255, 3, 250)]
)
def test_multiplier_form_rounds_half_to_even(
    design: Requantiser, hardware: VectorSimulation, zero_point: int, low: int, high: int
) -> None:
    rng = np.random.default_rng(1)
    config = config_word(RequantiseMode.MULTIPLIER, zero_point=zero_point, low=low, high=high)
    cases = [multiplier_case(rng) for _ in range(10)]
    cases += [(np.full(LANES, 65535), np.array([0, 46, 47])), (np.array([0, 1, 1]), np.array([0, 0, 1]))]
    for multiplier, shift in cases:
        accumulators = ties_and_extremes(multiplier, shift, design.acc_bits, rng, count=300)
        words = design.words.multipliers(multiplier, shift)
        expected = requantise(accumulators, multiplier, shift, zero_point, (low, high))
        assert np.array_equal(codes(design, hardware, words, accumulators, config), expected & 0xFF)


def test_every_shift_with_ties(design: Requantiser, hardware: VectorSimulation) -> None:
    rng = np.random.default_rng(2)
    config = config_word(RequantiseMode.MULTIPLIER, low=-128, high=127)
    for first in range(0, 48, LANES):
        shift = np.arange(first, first + LANES)
        multiplier = np.full(LANES, 1 << max(0, min(15, first - 12)))
        accumulators = ties_and_extremes(multiplier, shift, design.acc_bits, rng, count=60)
        words = design.words.multipliers(multiplier, shift)
        expected = requantise(accumulators, multiplier, shift, 0, (-128, 127))
        assert np.array_equal(codes(design, hardware, words, accumulators, config), expected & 0xFF)


def test_half_up_is_not_what_the_hardware_does(design: Requantiser, hardware: VectorSimulation) -> None:
    multiplier, shift = np.ones(LANES, np.int64), np.full(LANES, 3)
    accumulators = np.repeat(np.arange(-100, 100)[:, None], LANES, axis=1)
    config = config_word(RequantiseMode.MULTIPLIER, low=-128, high=127)
    got = codes(design, hardware, design.words.multipliers(multiplier, shift), accumulators, config)
    half_up = np.floor(accumulators / 8 + 0.5).astype(np.int64)
    differs = (got != half_up & 0xFF)[:, 0]
    assert accumulators[differs, 0].tolist() == list(range(-92, 100, 16))


def test_one_wrong_multiplier_is_noticed(design: Requantiser, hardware: VectorSimulation) -> None:
    rng = np.random.default_rng(3)
    multiplier, shift = np.array([40000, 1, 300]), np.array([30, 5, 13])
    accumulators = ties_and_extremes(multiplier, shift, design.acc_bits, rng, count=300)
    words = design.words.multipliers(multiplier + np.array([1, 0, 0]), shift)
    expected = requantise(accumulators, multiplier, shift, 0, (0, 255))
    config = config_word(RequantiseMode.MULTIPLIER, high=255)
    assert not np.array_equal(codes(design, hardware, words, accumulators, config), expected)


def by_thresholds(accumulators: IntArray, thresholds: IntArray, levels: IntArray) -> IntArray:
    return levels[(accumulators[:, :, None] >= thresholds[None]).sum(axis=2)]


@pytest.mark.parametrize("count", [1, 2, 7, 14, 15])
def test_thresholds_count_steps(design: Requantiser, hardware: VectorSimulation, count: int) -> None:
    rng = np.random.default_rng(count)
    for spread in (4, 100, 1 << 22, 1 << 26):
        thresholds = np.sort(rng.integers(-spread, spread, (LANES, count)), axis=1)
        levels = np.sort(rng.integers(-128, 256, count + 1))
        high = (1 << 23) - 1
        near = thresholds[np.arange(LANES), rng.integers(0, count, (300, LANES))] + rng.integers(
            -1, 2, (300, LANES)
        )
        ends = np.array([[high] * LANES, [-high - 1] * LANES])
        accumulators = np.clip(
            np.concatenate([near, ends, rng.integers(-10, 10, (50, LANES))]), -high - 1, high
        )
        words = design.words.thresholds(thresholds, levels)
        got = codes(design, hardware, words, accumulators, config_word(RequantiseMode.THRESHOLDS))
        assert np.array_equal(got, by_thresholds(accumulators, thresholds, levels) & 0xFF)


@pytest.mark.parametrize("family", [Family.PORTABLE, Family.XC7])
def test_thresholds_alone(family: Family) -> None:
    lean = Requantiser(lanes=LANES, acc_bits=19, tag_bits=5, level_bits=5, multipliers=False, family=family)
    rng = np.random.default_rng(7)
    thresholds = np.sort(rng.integers(-(1 << 18), 1 << 18, (LANES, 15)), axis=1)
    levels = np.sort(rng.integers(0, 32, 16))
    near = thresholds[np.arange(LANES), rng.integers(0, 15, (400, LANES))]
    accumulators = np.clip(near + rng.integers(-1, 2, near.shape), -(1 << 18), (1 << 18) - 1)
    config = config_word(RequantiseMode.THRESHOLDS)
    hardware = build(lean, Path("build/vectors"), primitives.XC7)
    got = codes(lean, hardware, lean.words.thresholds(thresholds, levels), accumulators, config)
    assert np.array_equal(got, by_thresholds(accumulators, thresholds, levels))


@pytest.mark.parametrize("family", [Family.PORTABLE, Family.XC7])
@pytest.mark.parametrize(
    ("threshold_bits", "acc_bits", "level_bits"),
    [(1, 2, 0), (1, 9, 8), (2, 7, 1), (3, 10, 0), (4, 20, 4), (5, 24, 8)],
)
def test_searches_of_every_depth(threshold_bits: int, acc_bits: int, level_bits: int, family: Family) -> None:
    lean = Requantiser(
        lanes=LANES,
        acc_bits=acc_bits,
        threshold_bits=threshold_bits,
        tag_bits=5,
        level_bits=level_bits,
        multipliers=False,
        family=family,
    )
    rng = np.random.default_rng(threshold_bits)
    high, count = (1 << (acc_bits - 1)) - 1, (1 << threshold_bits) - 1
    thresholds = np.sort(rng.integers(-high - 1, high, (LANES, count)), axis=1)
    levels = np.sort(rng.integers(0, 1 << level_bits, count + 1)) if level_bits else 7 + np.arange(count + 1)
    near = thresholds[np.arange(LANES), rng.integers(0, count, (400, LANES))]
    accumulators = np.clip(near + rng.integers(-1, 2, near.shape), -high - 1, high - 1)
    config = config_word(RequantiseMode.THRESHOLDS, low=7)
    hardware = build(lean, Path("build/vectors"), primitives.XC7)
    got = codes(lean, hardware, lean.words.thresholds(thresholds, levels), accumulators, config)
    assert np.array_equal(got, by_thresholds(accumulators, thresholds, levels))


@pytest.mark.parametrize("first", [-8, 0, 200])
def test_codes_that_follow_each_other(first: int) -> None:
    lean = Requantiser(lanes=LANES, acc_bits=12, tag_bits=5, level_bits=0, multipliers=False)
    rng = np.random.default_rng(9)
    thresholds = np.sort(rng.integers(-900, 900, (LANES, 13)), axis=1)
    thresholds[0, -1] = 1 << 20
    levels = first + np.arange(14)
    accumulators = rng.integers(-2048, 2047, (400, LANES))
    config = config_word(RequantiseMode.THRESHOLDS, low=first)
    hardware = build(lean, Path("build/vectors"))
    got = codes(lean, hardware, lean.words.thresholds(thresholds, levels), accumulators, config)
    assert np.array_equal(got, by_thresholds(accumulators, thresholds, levels) & 0xFF)


def test_multipliers_alone() -> None:
    lean = Requantiser(lanes=LANES, tag_bits=5, thresholds=False)
    rng = np.random.default_rng(8)
    multiplier, shift = np.array([40000, 1, 300]), np.array([30, 5, 13])
    accumulators = ties_and_extremes(multiplier, shift, lean.acc_bits, rng, count=300)
    words = lean.words.multipliers(multiplier, shift)
    config = config_word(RequantiseMode.THRESHOLDS, low=-128, high=127)
    expected = requantise(accumulators, multiplier, shift, 0, (-128, 127))
    got = codes(lean, build(lean, Path("build/vectors")), words, accumulators, config)
    assert np.array_equal(got, expected & 0xFF)


@pytest.mark.parametrize("shared", [2, 4])
@pytest.mark.parametrize("thresholds", [True, False])
def test_lanes_that_share_a_multiplier(shared: int, thresholds: bool) -> None:
    lanes, every = 4, shared + (shared == 2)
    design = Requantiser(lanes=lanes, tag_bits=5, thresholds=thresholds, lanes_per_multiplier=shared)
    hardware = build(design, Path("build/vectors"))
    rng = np.random.default_rng(shared)
    multiplier, shift = rng.integers(0, 1 << 16, lanes), np.array([30, 5, 47, 13])
    accumulators = ties_and_extremes(multiplier, shift, design.acc_bits, rng, count=300)
    words = design.words.multipliers(multiplier, shift)
    config = config_word(RequantiseMode.MULTIPLIER, zero_point=3, low=-128, high=127)
    outputs = hardware.run(columns(design, words, accumulators, config, every))
    begin = len(words) + design.multiplier_latency(shared)
    assert np.flatnonzero(outputs["out_valid"]).tolist() == [*range(begin, begin + 300 * every, every)]
    assert outputs["out_tag"][begin:].tolist() == [cycle % 32 for cycle in range(300 * every)]
    expected = requantise(accumulators, multiplier, shift, 3, (-128, 127))
    assert np.array_equal(outputs["q"][begin::every], expected & 0xFF)
    if thresholds:
        steps, levels = np.sort(rng.integers(-999, 999, (lanes, 15)), axis=1), np.arange(16)
        accumulators = rng.integers(-1200, 1200, (300, lanes))
        config = config_word(RequantiseMode.THRESHOLDS)
        outputs = hardware.run(columns(design, design.words.thresholds(steps, levels), accumulators, config))
        begin = 16 + design.LATENCY
        assert np.flatnonzero(outputs["out_valid"]).tolist() == [*range(begin, begin + 300)]
        got = outputs["q"][begin : begin + 300]
        assert np.array_equal(got, by_thresholds(accumulators, steps, levels))


def test_one_of_the_forms_must_be_there() -> None:
    with pytest.raises(ValueError, match=r"^expected multipliers, thresholds or both, got neither$"):
        Requantiser(lanes=1, multipliers=False, thresholds=False)


@pytest.mark.parametrize("shared", [0, 3, 8])
def test_lanes_are_shared_out_evenly(shared: int) -> None:
    with pytest.raises(ValueError, match=f"^expected a divisor of 4 lanes, got {shared} per multiplier$"):
        Requantiser(lanes=4, lanes_per_multiplier=shared)


def test_one_wrong_threshold_is_noticed(design: Requantiser, hardware: VectorSimulation) -> None:
    thresholds = np.arange(15)[None].repeat(LANES, axis=0) * 10
    accumulators = np.arange(-20, 200)[:, None].repeat(LANES, axis=1)
    wrong = thresholds.copy()
    wrong[1, 9] += 1
    words = design.words.thresholds(wrong, np.arange(16))
    got = codes(design, hardware, words, accumulators, config_word(RequantiseMode.THRESHOLDS))
    differs = got != by_thresholds(accumulators, thresholds, np.arange(16))
    assert np.argwhere(differs).tolist() == [[110, 1]]


@pytest.mark.parametrize(
    ("bits", "message"), [(1, "of 2 to 24 bits, got 1"), (25, "of 2 to 24 bits, got 25")]
)
def test_accumulators_must_leave_room_for_levels(bits: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Requantiser(lanes=1, acc_bits=bits)
