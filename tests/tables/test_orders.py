"""A bottleneck network in float, INT8, pruned, and both in either order, counted on its layers."""

from __future__ import annotations

import pytest
import torch

from twofold.metrics import layer_costs
from twofold.models.resnet50 import ResNet50
from twofold.tables.orders import RATIOS, Variant, variants

IMAGE = (3, 64, 64)


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, float], Variant]:
    torch.manual_seed(0)
    network = ResNet50(3, (4, 4, 8, 8), 7, (1, 1, 1, 1))
    return {(row.label, row.pruned): row for row in variants(network, IMAGE)}


def test_int8_is_four_times_smaller(rows: dict[tuple[str, float], Variant]) -> None:
    row = rows["INT8", 0]
    assert (row.size_ratio, row.bops_ratio) == (4, 16)
    assert rows["float", 0].size_mib == pytest.approx(4 * row.size_mib)


def test_the_order_changes_no_count(rows: dict[tuple[str, float], Variant]) -> None:
    for ratio in RATIOS:
        pruned, first, last = (
            rows[name, ratio] for name in ("pruned", "pruned, then INT8", "INT8, then pruned")
        )
        assert first.size_ratio == last.size_ratio == pytest.approx(4 * pruned.size_ratio)
        assert first.bops_ratio == last.bops_ratio == pytest.approx(16 * pruned.bops_ratio)


def test_half_of_the_filters_are_a_quarter_of_the_weights_between_them(
    rows: dict[tuple[str, float], Variant],
) -> None:
    half = ResNet50(3, (2, 2, 4, 4), 7, (1, 1, 1, 1))
    weights = sum(cost.weights for cost in layer_costs(half, torch.zeros(1, *IMAGE)))
    assert rows["pruned", 0.5].size_mib == pytest.approx(4 * weights / 2**20)
