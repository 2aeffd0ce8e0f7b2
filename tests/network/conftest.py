"""A small valid network to break."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twofold.network.dyadic import Dyadic
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Add, Conv2d, Flatten, Linear, MaxPool2d, Requantise, SumPool2d, Threshold
from twofold.network.types import IntType
from twofold.network.verify import verify

CODES = IntType(False, 4, Dyadic(1, 2))
SUMS = IntType(True, 20, Dyadic(1, 6))


def residual() -> Network:
    """conv → requantise → add → threshold → max pool → sum pool → requantise → flatten → linear."""
    ops = [
        Conv2d(
            "conv",
            ("x",),
            "conv",
            np.arange(36).reshape(2, 2, 3, 3) % 5 - 2,
            np.array([3, -4]),
            padding=(1, 1, 1, 1),
        ),
        Requantise("branch", ("conv",), "branch", np.array([3, 5]), np.array([4, 6]), (0, 15)),
        Add("add", ("branch", "x"), "add", (1, 0)),
        Threshold("act", ("add",), "act", np.array([[2, 9], [4, 20]]), np.array([0, 3, 9])),
        MaxPool2d("pool", ("act",), "pool", (2, 2), (2, 2)),
        SumPool2d("sum", ("pool",), "sum", (2, 2), (2, 2)),
        Requantise("mean", ("sum",), "mean", np.array([1, 1]), np.array([2, 2]), (0, 15)),
        Flatten("flat", ("mean",), "flat"),
        Linear("fc", ("flat",), "fc", np.array([[1, -2], [3, 4], [0, 5]]), np.array([1, 2, 3])),
    ]
    tensors = [
        Tensor("x", (2, 4, 4), CODES),
        Tensor("conv", (2, 4, 4), SUMS),
        Tensor("branch", (2, 4, 4), CODES.with_scale(Dyadic(1, 1))),
        Tensor("add", (2, 4, 4), replace(SUMS, scale=Dyadic(1, 2))),
        Tensor("act", (2, 4, 4), CODES),
        Tensor("pool", (2, 2, 2), CODES),
        Tensor("sum", (2, 1, 1), replace(SUMS, scale=Dyadic(1, 2))),
        Tensor("mean", (2, 1, 1), CODES),
        Tensor("flat", (2,), CODES),
        Tensor("fc", (3,), SUMS),
    ]
    return Network.of("residual", tensors, ops, "x", "fc")


@pytest.fixture
def network() -> Network:
    return verify(residual())


@pytest.fixture
def with_op():
    """The network with fields of one op changed."""

    def change(network: Network, name: str, /, **fields: object) -> Network:
        ops = tuple(replace(op, **fields) if op.name == name else op for op in network.ops)
        return replace(network, ops=ops)

    return change


@pytest.fixture
def with_tensor():
    """The network with fields of one tensor changed; fields of its type too."""

    def change(network: Network, name: str, /, **fields: object) -> Network:
        tensor = network.tensors[name]
        shape = fields.pop("shape", tensor.shape)
        changed = replace(tensor, shape=shape, type=replace(tensor.type, **fields))
        return replace(network, tensors={**network.tensors, name: changed})

    return change
