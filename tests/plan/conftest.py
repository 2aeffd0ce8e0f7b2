"""One small network with a layer of every kind, and its program."""

from __future__ import annotations

import numpy as np
import pytest

from twofold.network.graph import Network, Tensor
from twofold.network.ops import Add, Conv2d, Flatten, Linear, MaxPool2d, Requantise, Threshold
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.passes.run import run_passes
from twofold.network.types import IntType
from twofold.plan.program import Program
from twofold.plan.schedule import plan
from twofold.rtl.geometry import Geometry, PeName

WIDE = IntType(True, 40)
UINT8 = IntType(False, 8)


def ones(channels: int) -> np.ndarray:
    return np.ones(channels, np.int64)


@pytest.fixture(scope="session")
def network() -> Network:
    """conv and threshold, conv and requantise, add and threshold, max pooling, linear."""
    rng = np.random.default_rng(1)
    tensors = [
        Tensor("x", (3, 6, 5), UINT8),
        Tensor("sums", (10, 6, 5), WIDE),
        Tensor("left", (10, 6, 5), UINT8),
        Tensor("more", (10, 6, 5), WIDE),
        Tensor("right", (10, 6, 5), UINT8),
        Tensor("total", (10, 6, 5), WIDE),
        Tensor("joined", (10, 6, 5), UINT8),
        Tensor("best", (10, 3, 2), UINT8),
        Tensor("flat", (60,), UINT8),
        Tensor("logits", (9,), WIDE),
    ]
    ops = [
        Conv2d(
            *("conv", ("x",), "sums"),
            weight=rng.choice([-10, -3, 0, 1, 8], (10, 3, 3, 3)),
            bias=rng.integers(-99, 99, 10),
            padding=(1, 1, 1, 1),
        ),
        Threshold(
            *("act", ("sums",), "left"),
            thresholds=np.sort(rng.integers(-2000, 2000, (10, 7)), axis=1),
            levels=np.arange(8) * 9,
        ),
        Conv2d(
            *("point", ("left",), "more"), weight=rng.integers(-99, 99, (10, 10, 1, 1)), bias=0 * ones(10)
        ),
        Requantise(
            *("scale", ("more",), "right"), multiplier=3 * ones(10), shift=8 * ones(10), bounds=(0, 255)
        ),
        Add("add", ("left", "right"), "total"),
        Threshold(
            *("join", ("total",), "joined"),
            thresholds=np.tile([[50], [90]], 5).reshape(10, 1),
            levels=np.array([0, 5]),
        ),
        MaxPool2d("pool", ("joined",), "best", kernel=(2, 2), stride=(2, 2)),
        Flatten("flatten", ("best",), "flat"),
        Linear("fc", ("flat",), "logits", weight=rng.integers(-99, 99, (9, 60)), bias=ones(9)),
    ]
    return run_passes(Network.of("small", tensors, ops, "x", "logits"), [narrow_accumulators])


@pytest.fixture(scope="session")
def geometry() -> Geometry:
    return Geometry(lanes=8, kinds=(PeName.APOT_SHIFT, PeName.INT8_DSP))


@pytest.fixture(scope="session")
def program(network: Network, geometry: Geometry) -> Program:
    return plan(network, geometry, traced=True)
