"""Bounds that hold for every input (tests of golden) and that some input reaches (here)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.golden.execute import execute
from twofold.network.errors import NetworkError
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Add, Conv2d, Linear, Requantise, SumPool2d, Threshold
from twofold.network.ranges import sum_bound, value_ranges
from twofold.network.types import IntType


def all_frames(type_: IntType, shape: tuple[int, ...]) -> np.ndarray:
    codes = range(type_.lo, type_.hi + 1)
    return np.array(list(itertools.product(codes, repeat=int(np.prod(shape))))).reshape(-1, *shape)


def extremes(op, shape, input_type, output_shape, output_type=None):
    """(range of the op's result, smallest and largest value over all inputs), for each channel."""
    output_type = output_type or IntType(True, 50)
    tensors = [Tensor("x", shape, input_type), Tensor("y", output_shape, output_type)]
    network = Network.of("one", tensors, [op], "x", "y")
    values = np.moveaxis(execute(network, all_frames(input_type, shape))["y"], 1, 0).reshape(
        output_shape[0], -1
    )
    found = value_ranges(network)["y"]
    return (found.lo.tolist(), found.hi.tolist()), (values.min(axis=1).tolist(), values.max(axis=1).tolist())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_a_linear_layer_reaches_both_bounds(seed, signed):
    random = np.random.default_rng(seed)
    op = Linear("fc", ("x",), "y", random.integers(-9, 9, (3, 4)), random.integers(-50, 50, 3))
    claimed, reached = extremes(op, (4,), IntType(signed, 2), (3,))
    assert claimed == reached


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_an_unpadded_convolution_reaches_both_bounds(seed):
    random = np.random.default_rng(seed)
    op = Conv2d(
        "conv", ("x",), "y", random.integers(-9, 9, (4, 1, 2, 1)), random.integers(-50, 50, 4), groups=2
    )
    claimed, reached = extremes(op, (2, 2, 2), IntType(True, 1), (4, 1, 2))
    assert claimed == reached


def test_padding_counts_with_the_zero_point():
    op = Conv2d("conv", ("x",), "y", np.ones((1, 1, 1, 1)), np.zeros(1), padding=(0, 0, 0, 1))
    type_ = IntType(False, 2, zero_point=0)
    claimed, reached = extremes(op, (1, 1, 1), type_, (1, 1, 2))
    assert claimed == reached == ([0], [3])


def test_sums_quantisers_and_thresholds_reach_both_bounds():
    small = IntType(True, 2)
    pool = SumPool2d("p", ("x",), "y", (2, 1), (1, 1))
    assert extremes(pool, (1, 2, 1), small, (1, 1, 1)) == (([-4], [2]), ([-4], [2]))
    requantise = Requantise("q", ("x",), "y", np.array([3]), np.array([1]), (-2, 7))
    assert extremes(requantise, (1,), small, (1,), IntType(True, 4)) == (([-2], [2]), ([-2], [2]))
    threshold = Threshold("t", ("x",), "y", np.array([[-1, 0, 9]]), np.array([-3, 0, 1, 5]))
    assert extremes(threshold, (1,), small, (1,), IntType(True, 4)) == (([-3], [1]), ([-3], [1]))


@pytest.mark.parametrize("signed, expected", [(False, 7 * 15 + 3), (True, 7 * 8 + 7 * 7 + 3)])
def test_the_bound_is_the_greatest_partial_sum(signed, expected):
    weight, bias = np.array([[7, -7]]), np.array([-3])
    op = Linear("fc", ("x",), "y", weight, bias)
    tensor = Tensor("x", (2,), IntType(signed, 4))
    network = Network.of("one", [tensor, Tensor("y", (1,), IntType(True, 9))], [op], "x", "y")
    assert sum_bound(op, tensor, value_ranges(network)["x"]) == expected
    codes = range(tensor.type.lo, tensor.type.hi + 1)
    terms = [(0, *(int(w) * x for x in codes)) for w in weight[0]] + [(0, int(bias[0]))]
    assert max(abs(sum(some)) for some in itertools.product(*terms)) == expected, (
        "a term is in a partial sum or is not"
    )


@pytest.mark.parametrize("bits, refused", [(53, True), (40, False)])
def test_values_beyond_exact_arithmetic_are_refused(bits, refused):
    type_ = IntType(False, bits)
    tensors = [Tensor("x", (1,), type_), Tensor("y", (1,), IntType(True, 62))]
    network = Network.of("one", tensors, [Add("add", ("x", "x"), "y", (10, 0))], "x", "y")
    if not refused:
        assert value_ranges(network)["y"].bounds == (0, type_.hi * 1025)
        return
    with pytest.raises(NetworkError, match=r"add: sum: expected values below 2\^53, found up to 92"):
        value_ranges(network)


@pytest.mark.parametrize("bias, refused", [((1 << 53) - 2, False), (1 << 53, True), (-(1 << 53) - 1, True)])
def test_the_first_sum_that_float64_rounds_is_refused(bias, refused):
    """2^53 + 1 is 2^53 there, also where bounds are computed."""
    tensors = [Tensor("x", (1,), IntType(False, 1)), Tensor("y", (1,), IntType(True, 62))]
    op = Linear("fc", ("x",), "y", np.ones((1, 1), np.int64), np.array([bias]))
    network = Network.of("one", tensors, [op], "x", "y")
    if not refused:
        assert value_ranges(network)["y"].bounds == (bias, bias + 1)
        return
    with pytest.raises(NetworkError, match=r"fc: accumulator: expected values below 2\^53"):
        value_ranges(network)


def test_products_that_would_wrap_are_refused():
    tensors = [Tensor("x", (1,), IntType(False, 50)), Tensor("y", (1,), IntType(False, 8))]
    op = Requantise("q", ("x",), "y", np.array([65535]), np.array([47]), (0, 255))
    with pytest.raises(NetworkError, match=r"q: product: expected values below 2\^62, found up to 73"):
        value_ranges(Network.of("one", tensors, [op], "x", "y"))
