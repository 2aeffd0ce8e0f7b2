"""Types and constants of the layers that this package adds to hls4ml."""

from __future__ import annotations

import numpy as np
import pytest

from twofold.hls.lower.elementwise import lower_requantise, lower_threshold
from twofold.hls.lower.state import Lowering
from twofold.hls.options import HlsStrategy
from twofold.hls.strategy import Strategy
from twofold.hls.types import HlsType
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Op, Requantise, Threshold
from twofold.network.ranges import value_ranges
from twofold.network.types import IntType

LATENCY = Strategy(HlsStrategy.LATENCY, 1)


def state_of(op: Op, x: IntType, y: IntType) -> Lowering:
    network = Network.of("n", [Tensor("x", (2,), x), Tensor("y", (2,), y)], [op], "x", "y")
    return Lowering(network, {op.name: LATENCY}, value_ranges(network), layer_of={"x": "frame"})


@pytest.mark.parametrize("levels", [[0, 1, 1, 3, 7], [-3, -3, 0, 0, 5], [0, 0, 0, 0, 1]])
def test_dropped_thresholds_decide_nothing(levels: list[int]) -> None:
    thresholds = np.array([[-5, 2, 2, 9], [0, 4, 4, 4]])
    op = Threshold("t", ("x",), "y", thresholds, np.array(levels))
    (layer,) = lower_threshold(op, state_of(op, IntType(True, 6), IntType(True, 6)))
    kept, steps = layer.attributes["thresholds_data"], layer.attributes["levels_data"]
    assert kept.shape[1] == layer.attributes["n_thresholds"] < 4
    for channel in range(2):
        for x in range(-32, 32):
            expected = levels[int((thresholds[channel] <= x).sum())]
            assert steps[int((kept[channel] <= x).sum())] == expected


def test_the_product_type_holds_the_largest_intermediate() -> None:
    """The remainder of a shift by 20 needs 20 bits although the products need 12."""
    op = Requantise("r", ("x",), "y", np.array([15, 1]), np.array([3, 20]), (-8, 7))
    (layer,) = lower_requantise(op, state_of(op, IntType(True, 8), IntType(True, 4)))
    assert layer.types["product"].hi > 1 << 20
    assert layer.types["multiplier"] == HlsType(False, 4)
    assert layer.types["shift"] == HlsType(False, 5)
