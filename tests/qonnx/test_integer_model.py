"""Networks in ONNX's integer operators give golden's integers in ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.errors import UserError
from twofold.golden.execute import Golden
from twofold.network.graph import Network, Tensor
from twofold.network.ops import (
    Add,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    Requantise,
    SumPool2d,
    Threshold,
    WeightedAdd,
)
from twofold.network.types import IntArray, IntType
from twofold.qonnx.integer_model import integer_model
from twofold.qonnx.integer_runtime import IntegerRuntime

CODE, SUM = IntType(True, 8), IntType(True, 30)


def run(network: Network, frames: IntArray) -> IntArray:
    return IntegerRuntime(network).outputs(frames)


def frames_of(network: Network) -> IntArray:
    type_ = network.input.type
    return np.random.default_rng(0).integers(type_.lo, type_.hi, (3, *network.input.shape), endpoint=True)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_random_networks_are_equal_or_refused(networks, data) -> None:
    network = data.draw(networks)
    frames = frames_of(network)
    try:
        found = run(network, frames)
    except UserError as error:
        assert "no integer operator of ONNX" in str(error) or "of 8 bits" in str(error)
        return
    assert np.array_equal(found, Golden(network).outputs(frames))


def residual(add: Add | WeightedAdd, threshold: Threshold) -> Network:
    random = np.random.default_rng(1)
    shape = (4, 6, 6)
    tensors = [
        Tensor("x", (4, 6, 6), IntType(False, 8, zero_point=7)),
        Tensor("a", shape, SUM),
        Tensor("b", shape, CODE),
        Tensor("c", shape, SUM),
        Tensor("d", shape, IntType(False, 4)),
        Tensor("e", (4, 3, 3), IntType(False, 4)),
        Tensor("f", (4, 1, 1), SUM),
        Tensor("g", (4, 1, 1), IntType(True, 6)),
        Tensor("h", (4,), IntType(True, 6)),
        Tensor("y", (3,), SUM),
    ]
    ones = np.ones(4, np.int64)
    ops = [
        Conv2d(
            "conv",
            ("x",),
            "a",
            random.integers(-9, 9, (4, 2, 3, 3)),
            5 * ones,
            (1, 1),
            (1, 1, 1, 1),
            groups=2,
        ),
        Requantise("first", ("a",), "b", ones, 5 * ones, (-100, 90)),
        add,
        threshold,
        MaxPool2d("pool", ("d",), "e", (2, 2), (2, 2)),
        SumPool2d("mean", ("e",), "f", (3, 3), (3, 3)),
        Requantise("second", ("f",), "g", 3 * ones, 3 * ones, (-5, 31)),
        Flatten("flat", ("g",), "h"),
        Linear("fc", ("h",), "y", random.integers(-128, 128, (3, 4)), np.arange(3)),
    ]
    return Network.of("residual", tensors, ops, "x", "y")


COUNTED = Threshold("t", ("c",), "d", np.array([[-90, 0, 250]] * 4), np.array([0, 3, 4, 15]))


@pytest.mark.parametrize(
    "add",
    [Add("add", ("x", "b"), "c", (1, 0)), WeightedAdd("add", ("b", "x"), "c", (3, 5))],
    ids=lambda op: op.kind,
)
def test_every_operator_is_exact(add: Add | WeightedAdd) -> None:
    network = residual(add, COUNTED)
    frames = frames_of(network)
    assert np.array_equal(run(network, frames), Golden(network).outputs(frames))


def test_sums_beyond_32_bits_are_refused() -> None:
    """They would wrap."""
    code, bias = Tensor("x", (4,), IntType(False, 8)), np.array([1 << 33])
    wide = [code, Tensor("y", (1,), IntType(True, 40))]
    biased = Linear("fc", ("x",), "y", np.ones((1, 4), np.int64), bias)
    with pytest.raises(UserError, match=r"fc: no integer operator of ONNX for numbers of .* beyond 32 bits"):
        integer_model(Network.of("wide", wide, [biased], "x", "y"))
    sums = [code, Tensor("y", (4,), IntType(True, 33))]
    with pytest.raises(UserError, match="add: no integer operator of ONNX"):
        integer_model(Network.of("sums", sums, [Add("add", ("x", "x"), "y", (24, 24))], "x", "y"))


def test_constants_beyond_32_bits_are_refused() -> None:
    """Of codes of 128 more, although the sum itself fits."""
    tensors = [Tensor("x", (4,), CODE), Tensor("y", (4,), IntType(True, 32))]
    with pytest.raises(UserError, match="add: no integer operator of ONNX"):
        integer_model(Network.of("offset", tensors, [Add("add", ("x", "x"), "y", (23, 23))], "x", "y"))


def test_many_thresholds_have_no_operator() -> None:
    many = Threshold("t", ("c",), "d", np.arange(4 * 16).reshape(4, 16), np.arange(17) // 2)
    with pytest.raises(UserError, match="t: no integer operator of ONNX for 16 thresholds"):
        integer_model(residual(Add("add", ("x", "b"), "c"), many))
