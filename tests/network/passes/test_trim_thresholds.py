from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.golden.execute import execute
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Threshold
from twofold.network.passes.run import run_passes
from twofold.network.passes.trim_thresholds import trim_thresholds
from twofold.network.types import IntType


def trimmed(thresholds, levels):
    tensors = [Tensor("x", (2,), IntType(True, 3)), Tensor("y", (2,), IntType(True, 8))]
    op = Threshold("act", ("x",), "y", np.array(thresholds), np.array(levels))
    (result,) = run_passes(Network.of("one", tensors, [op], "x", "y"), [trim_thresholds]).ops
    return result.thresholds.tolist(), result.levels.tolist()


def test_levels_that_no_channel_reaches_go():
    assert trimmed([[-9, -4, 0, 4], [-5, -2, 9, 9]], [0, 1, 2, 3, 4]) == ([[-4, 0], [-2, 9]], [1, 2, 3])


def test_one_threshold_stays():
    assert trimmed([[-9, -9], [-9, -9]], [0, 1, 2]) == ([[-9], [-9]], [1, 2])
    assert trimmed([[9, 9], [9, 9]], [0, 1, 2]) == ([[9], [9]], [0, 1])


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_results_stay(networks, data):
    network = data.draw(networks)
    random, type_ = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1))), network.input.type
    frames = random.integers(type_.lo, type_.hi, (4, *network.input.shape), endpoint=True)
    found = execute(run_passes(network, [trim_thresholds]), frames)
    for name, values in execute(network, frames).items():
        assert np.array_equal(found[name], values), name
