"""Reuse factors are those that hls4ml can schedule."""

from __future__ import annotations

import pytest
from hls4ml.backends import get_backend

from twofold.hls.strategy import Strategy, choose


@pytest.mark.parametrize("inputs, outputs", [(9, 16), (144, 16), (144, 32), (16, 32), (32, 10), (7, 5)])
@pytest.mark.parametrize("multipliers", [1, 10, 64, 1000])
def test_the_smallest_valid_reuse_factor_is_chosen(inputs: int, outputs: int, multipliers: int) -> None:
    chosen = choose(inputs, outputs, multipliers)
    valid = get_backend("Vitis").get_valid_reuse_factors(inputs, outputs)
    fitting = [reuse for reuse in valid if inputs * outputs / reuse <= multipliers]
    assert chosen.reuse_factor == min(fitting)


def test_a_layer_that_fits_is_parallel() -> None:
    assert choose(8, 8, 64) == Strategy("latency", 1)
    assert choose(8, 9, 64) == Strategy("resource", 2)
