"""Packing for every weight and activation, and the packings that are refused."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from twofold.network.types import IntArray
from twofold.rtl.mac.int4_dsp import Int4Dsp
from twofold.rtl.mac.int8_dsp import Int8Dsp
from twofold.rtl.mac.packed_lanes import Boundary, PackedLanes
from twofold.rtl.primitives.family import Family

PACKINGS = {
    "int8, 17 in 25 bits": Int8Dsp(2, 2, low=-127).packing,
    "int8, 16 in 25 bits": Int8Dsp(2, 2).packing,
    "int8, 18 in 27 bits": Int8Dsp(2, 2, Family.XCUP).packing,
    "int4, 21 in 25 bits": Int4Dsp(4, 4, low=-7).packing,
    "int4, 20 in 25 bits": Int4Dsp(4, 4).packing,
    "int4, 27 bits": Int4Dsp(4, 4, Family.XCUP).packing,
    "APoT4, 25 bits": Int4Dsp(4, 3, low=-10, high=10).packing,
    "APoT4, 27 bits": Int4Dsp(4, 3, Family.XCUP, -10, 10).packing,
}

packings = pytest.mark.parametrize("packing", PACKINGS.values(), ids=list(PACKINGS))


def every_weight(packing: PackedLanes) -> IntArray:
    """[choices, lanes]: all weights side by side."""
    weights = range(packing.low, packing.high + 1)
    return np.array(list(product(weights, repeat=packing.lanes)), np.int64)


def in_operand(numbers: IntArray, packing: PackedLanes) -> IntArray:
    """What a signed port of `operand_bits` makes of numbers."""
    half = 1 << (packing.operand_bits - 1)
    return (numbers + half) % (2 * half) - half


@packings
def test_every_operand_is_the_sum_of_its_weights(packing: PackedLanes) -> None:
    weights = every_weight(packing)
    fields = packing.fields(weights)
    packed = (fields[:, 0] & ((1 << packing.shifts[1]) - 1)).copy()
    for lane in range(1, packing.lanes):
        width = packing.width(lane) if lane + 1 < packing.lanes else packing.operand_bits - packing.shifts[-1]
        packed |= (fields[:, lane] & ((1 << width) - 1)) << packing.shifts[lane]
    expected = (weights << np.array(packing.shifts)).sum(axis=1)
    assert np.array_equal(in_operand(packed, packing), expected)
    assert np.array_equal(in_operand(expected, packing), expected)
    assert fields.min() >= packing.low - 1 and fields.max() <= packing.high


@packings
def test_no_row_moves_a_boundary_further_than_it_may(packing: PackedLanes) -> None:
    below = packing.below(every_weight(packing))
    limits = {Boundary.QUADRANT: 0.25, Boundary.PARITY: 0.5, Boundary.SIGN: 1.0, Boundary.SIGN_TWICE: 2.0}
    for lane in range(packing.lanes - 1):
        activations = np.array([packing.activation_low, packing.activation_high])
        reached = np.abs(below[:, lane, None] * activations).max()
        kind, whole = packing.boundary(lane), 1 << packing.shifts[lane + 1]
        assert reached == packing.step(lane) <= limits[kind] * whole
        assert kind is not Boundary.SIGN or reached < whole


def test_the_kinds_count_as_cheaply_as_their_lanes_allow() -> None:
    found = {
        name: "/".join(packing.boundary(lane) for lane in range(packing.lanes - 1))
        for name, packing in PACKINGS.items()
    }
    assert found == {
        "int8, 17 in 25 bits": "quadrant",
        "int8, 16 in 25 bits": "parity",
        "int8, 18 in 27 bits": "quadrant",
        "int4, 21 in 25 bits": "sign/sign/sign",
        "int4, 20 in 25 bits": "sign/sign/sign_twice",
        "int4, 27 bits": "sign/sign/sign",
        "APoT4, 25 bits": "quadrant/quadrant",
        "APoT4, 27 bits": "quadrant/quadrant",
    }


@pytest.mark.parametrize(
    ("shifts", "low", "bits", "message"),
    [
        ((0, 17), -128, 25, "to fit 25 bits"),
        ((0, 19), -128, 27, "to fit 27 bits"),
        ((0, 14), -127, 25, "lane 0 to hold a product"),
    ],
)
def test_packings_that_do_not_work_are_refused(
    shifts: tuple[int, ...], low: int, bits: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        PackedLanes(shifts, low, 127, -128, 255, 16, bits)
