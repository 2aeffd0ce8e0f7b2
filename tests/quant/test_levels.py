"""APoT level sets against the published ones."""

from __future__ import annotations

import math

import pytest

from twofold.errors import UserError
from twofold.quant.levels import ApotLevels, activation_levels, weight_levels

# As printed by the authors' own code, in units of the finest power.
PUBLISHED = {
    2: [0, 1, 2, 4],
    3: [0, 1, 2, 3, 4, 6, 8, 10],
    4: [0, 1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 32, 33, 36, 48],
    5: [
        *range(9), 10, 12, 14, 16, 17, 20, 21, 24, 28, 32, 34, 36, 38, 48, 52, 64, 65, 68, 69, 72, 76, 96, 100
    ],
}  # fmt: skip


@pytest.mark.parametrize("bits", PUBLISHED)
def test_levels_are_the_published_ones(bits: int) -> None:
    assert list(ApotLevels(bits).values) == PUBLISHED[bits]


def test_six_bits_end_where_published() -> None:
    levels = ApotLevels(6)
    assert len(levels.values) == 64
    assert levels.largest == 448


def test_terms_of_the_hardware_decoders() -> None:
    assert ApotLevels(3).terms == ((0, 1, 4, 8), (0, 2))
    assert ApotLevels(4).terms == ((0, 2, 8, 32), (0, 1, 4, 16))


@pytest.mark.parametrize("bits", range(1, 9))
def test_every_width_has_all_its_levels(bits: int) -> None:
    levels = ApotLevels(bits)
    assert len(set(levels.values)) == 2**bits
    assert levels.values[:2] == (0, 1)
    assert all(math.isfinite(threshold) for threshold in levels.thresholds)
    powers = [power for term in levels.terms for power in term if power]
    assert sorted(powers) == [1 << place for place in range(len(powers))]


@pytest.mark.parametrize("bits", range(1, 9))
def test_nearest_agrees_with_a_search(bits: int) -> None:
    levels = ApotLevels(bits)
    for doubled, found in enumerate(levels.nearest):
        closest = min(levels.values, key=lambda level: (abs(doubled / 2 - level), -level))
        assert found == closest


def test_widths_of_weights_count_the_sign() -> None:
    assert weight_levels(4) == ApotLevels(3)
    assert activation_levels(4) == ApotLevels(4)
    assert weight_levels(4).container_bits == 4
    assert activation_levels(4).container_bits == 6


@pytest.mark.parametrize("bits", [0, 9])
def test_other_widths_are_refused(bits: int) -> None:
    with pytest.raises(UserError, match=f"1 to 8 bits of magnitude, got {bits}"):
        ApotLevels(bits)
