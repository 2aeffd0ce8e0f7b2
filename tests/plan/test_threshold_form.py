"""Thresholds instead of multipliers give the same code for every sum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twofold.network.graph import Network
from twofold.network.ops import Requantise, SumPool2d, Threshold
from twofold.network.rounding import requantise
from twofold.plan.maps import Map
from twofold.plan.stages import Stage, stages
from twofold.plan.threshold_form import executed, threshold_form
from twofold.rtl.geometry import Geometry


def stage(multiplier: list[int], shift: list[int], bounds: tuple[int, int], zero_point: int) -> Stage:
    channels = len(multiplier)
    body = SumPool2d("pool", ("x",), "s", kernel=(1, 1), stride=(1, 1))
    quantiser = Requantise("q", ("s",), "y", np.array(multiplier), np.array(shift), bounds)
    maps = [Map(name, channels, 1, 1, True, 8, zero_point) for name in "xsy"]
    return Stage("y", body, quantiser, (maps[0],), maps[1], maps[2])


@pytest.mark.parametrize(
    ("bounds", "zero_point"), [((0, 15), 0), ((-8, 7), 0), ((0, 15), 3), ((-3, 4), -2), ((5, 5), 0)]
)
def test_codes_are_those_of_the_multiplier_form(bounds: tuple[int, int], zero_point: int) -> None:
    multiplier, shift = [3, 1, 255, 0, 40000, 1], [5, 0, 11, 4, 20, 3]
    whole = stage(multiplier, shift, bounds, zero_point)
    quantiser = threshold_form(whole).quantiser
    assert isinstance(quantiser, Threshold)
    sums = np.arange(-600, 600)[:, None].repeat(len(multiplier), axis=1)
    found = quantiser.levels[(sums[:, :, None] >= quantiser.thresholds[None]).sum(axis=2)]
    expected = requantise(sums, np.array(multiplier), np.array(shift), zero_point, bounds)
    assert np.array_equal(found, expected)


def test_more_codes_than_thresholds_stay() -> None:
    whole = stage([3], [5], (0, 16), 0)
    assert threshold_form(whole) is whole


def test_the_form_follows_from_the_geometry(network: Network) -> None:
    found = stages(network)
    two = Geometry(tiles=2)
    assert [executed(part, two) for part in found] == list(found)
    four_bit = stage([3], [5], (0, 15), 0)
    assert executed(four_bit, two) is four_bit
    assert isinstance(executed(four_bit, replace(two, full_tiles=1)).quantiser, Threshold)
