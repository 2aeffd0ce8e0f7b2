"""Many thresholds as a multiplier and a bias: the same code for every sum, or no such form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twofold.network.graph import Network, Tensor
from twofold.network.multiplier_form import MultiplierForm, multiplier_forms
from twofold.network.ops import Conv2d, Threshold
from twofold.network.ranges import value_ranges
from twofold.network.rounding import requantise
from twofold.network.thresholds import NEVER
from twofold.network.types import IntArray, IntType
from twofold.plan.stages import stages

CHANNELS = 6


def network(codes: IntArray, first: int, zero_point: int) -> Network:
    """A quantiser of sums from −4080 to 4080 that gives `codes` [sums, C]."""
    levels = np.arange(first, first + 256)
    thresholds = np.array([np.searchsorted(column, levels[1:]) - 4080 for column in codes.T])
    thresholds[thresholds > 4080] = NEVER
    tensors = [
        Tensor("x", (1, 1, 1), IntType(False, 8)),
        Tensor("sums", (CHANNELS, 1, 1), IntType(True, 20)),
        Tensor("y", (CHANNELS, 1, 1), IntType(first < 0, 8, zero_point=zero_point)),
    ]
    weight = np.full((CHANNELS, 1, 1, 1), 32)
    ops = [
        Conv2d("conv", ("x",), "sums", weight, np.full(CHANNELS, -4080)),
        Threshold("act", ("sums",), "y", thresholds, levels),
    ]
    return Network.of("one", tensors, ops, "x", "y")


SUMS = np.arange(-4080, 4081)[:, None]
OFFSETS = np.array([0, 3, -700, 1600, 5, -1])


def rounded(gain: IntArray, first: int, zero_point: int) -> IntArray:
    """As `Quant` does: rounds half to even with the zero point."""
    codes = np.rint((SUMS + OFFSETS) * gain + zero_point)
    return np.clip(codes, first, first + 255).astype(np.int64)


def given_by(form: MultiplierForm, zero_point: int) -> IntArray:
    op = form.quantiser
    zero = zero_point - form.biased
    return requantise(SUMS + form.bias, op.multiplier, op.shift, zero, op.bounds)


@pytest.mark.parametrize("zero_point", [0, 68, 101, 255])
@pytest.mark.parametrize("gain", [np.full(6, 1 / 16), np.full(6, 1 / 8), 2.0 ** -np.arange(1, 7)], ids=str)
def test_powers_of_two_with_ties_are_exact_for_even_and_odd_zero_points(
    gain: IntArray, zero_point: int
) -> None:
    codes = rounded(gain, 0, zero_point)
    form = multiplier_forms(network(codes, 0, zero_point), 16)["act"]
    assert np.array_equal(given_by(form, zero_point), codes)
    assert form.biased == zero_point % 2


@pytest.mark.parametrize("zero_point", [0, -7])
def test_other_scales_are_exact(zero_point: int) -> None:
    gain = np.random.default_rng(3).uniform(0.01, 0.9, CHANNELS)
    codes = rounded(gain, -128, zero_point)
    form = multiplier_forms(network(codes, -128, zero_point), 16)["act"]
    assert np.array_equal(given_by(form, zero_point), codes)


def test_uneven_and_few_thresholds_have_no_form() -> None:
    sound = network(rounded(np.full(6, 1 / 16), 0, 8), 0, 8)
    op = sound.ops[1]
    assert isinstance(op, Threshold)
    moved = op.thresholds.copy()
    moved[2, 100] += 1
    for other in (
        replace(op, thresholds=moved),
        replace(op, thresholds=op.thresholds[:, :15], levels=op.levels[:16]),
        replace(op, levels=np.append(op.levels[:-1], 300)),
    ):
        assert not multiplier_forms(replace(sound, ops=(sound.ops[0], other)), 16)
    assert multiplier_forms(sound, 16)


def test_a_stage_adds_the_bias_and_less_of_the_zero_point() -> None:
    found = network(rounded(np.full(6, 1 / 16), 0, 101), 0, 101)
    (stage,) = stages(found)
    form = multiplier_forms(found, 16)["act"]
    assert np.array_equal(stage.bias, form.bias) and stage.offset == 100
    assert value_ranges(found)["sums"].lo[0] == -4080
