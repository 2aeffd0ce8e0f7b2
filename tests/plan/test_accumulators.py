"""Widths of partial sums follow from the network's ranges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from twofold.errors import UserError
from twofold.network.graph import Network
from twofold.plan.accumulators import accumulator_width, sum_limits
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.plan.stages import stages


def test_widths_hold_either_sign() -> None:
    assert [accumulator_width(limit) for limit in (0, 1, 126, 127)] == [2, 3, 8, 9]


def test_slack_moves_the_sums_of_convolutions(network: Network) -> None:
    parts = stages(network)
    without = sum_limits(network, parts, [0] * len(parts))
    slack = sum_limits(network, parts, [100] * len(parts))
    moved = [more - less for less, more in zip(without, slack, strict=True)]
    assert moved == [100, 100, 0, 0, 100]


def test_proposed_sums_are_no_wider_than_they_must_be(network: Network) -> None:
    geometry = propose(network)
    assert 16 < geometry.accumulator_bits < 24
    plan(network, geometry)
    with pytest.raises(UserError, match="accumulator"):
        plan(network, replace(geometry, accumulator_bits=geometry.accumulator_bits - 1))
    assert propose(network, accumulator_bits=24).accumulator_bits == 24


def test_tiles_without_multipliers_have_sums_of_their_own(network: Network) -> None:
    whole = replace(propose(network, tiles=2), full_tiles=1, accumulator_bits=24, lean_bits=None)
    plan(network, whole)
    with pytest.raises(UserError, match=r"accumulator_bits: .* need at least 19, got 16$"):
        plan(network, replace(whole, lean_bits=16))
