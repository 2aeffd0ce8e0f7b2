"""Golden against arithmetic on fractions, one number at a time."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.errors import UserError
from twofold.golden.execute import Golden, execute
from twofold.network.dyadic import Dyadic
from twofold.network.errors import NetworkError
from twofold.network.graph import Network, Tensor
from twofold.network.ops import (
    Add,
    Concat,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    Requantise,
    SumPool2d,
    Threshold,
    Upsample2d,
    WeightedAdd,
)
from twofold.network.ranges import value_ranges
from twofold.network.thresholds import rounding_thresholds
from twofold.network.types import IntType


def indices(shape):
    return itertools.product(*(range(size) for size in shape))


def reference(network: Network, frame: np.ndarray) -> dict[str, np.ndarray]:
    """Every tensor of one frame, from the definitions of the ops."""
    values = {network.input_name: frame.astype(object)}
    for op in network.ops:
        operands = [values[name] for name in op.inputs]
        result = np.empty(network.result(op).shape, object)
        for at in indices(result.shape):
            result[at] = element(op, network, operands, at)
        values[op.output] = result
    return values


def element(op, network, operands, at):
    x, c = operands[0], at[0]
    match op:
        case Conv2d():
            return convolution(op, network.operands(op)[0], x, *at)
        case Linear():
            return int(op.bias[c]) + sum(int(w) * v for w, v in zip(op.weight[c], x, strict=True))
        case Add():
            return x[at] * 2 ** op.shifts[0] + operands[1][at] * 2 ** op.shifts[1]
        case WeightedAdd():
            return sum(factor * operand[at] for factor, operand in zip(op.factors, operands, strict=True))
        case Concat():
            return [row for operand in operands for row in operand][c][at[1:]]
        case Upsample2d():
            return x[c, at[1] // 2, at[2] // 2]
        case MaxPool2d():
            return max(window(op, x, at, op.padding))
        case SumPool2d():
            return sum(window(op, x, at, (0, 0, 0, 0)))
        case Flatten():
            return x.ravel()[c]
        case Requantise():
            exact = Fraction(x[at] * int(op.multiplier[c]), 2 ** int(op.shift[c]))
            code = round(exact) + network.result(op).type.zero_point
            return min(max(code, op.bounds[0]), op.bounds[1])
        case Threshold():
            return int(op.levels[sum(x[at] >= int(t) for t in op.thresholds[c])])
    raise AssertionError(op)


def window(op, x, at, padding):
    """The values inside the map under the kernel at output position `at`."""
    channel, row, column = at
    for dy, dx in indices(op.kernel):
        y, z = row * op.stride[0] + dy - padding[0], column * op.stride[1] + dx - padding[1]
        if 0 <= y < x.shape[1] and 0 <= z < x.shape[2]:
            yield x[channel, y, z]


def convolution(op, operand, x, output, row, column):
    per_group = op.weight.shape[1]
    first = output // (len(op.weight) // op.groups) * per_group
    total = int(op.bias[output])
    for channel, ky, kx in indices(op.weight.shape[1:]):
        y = row * op.stride[0] + ky * op.dilation[0] - op.padding[0]
        z = column * op.stride[1] + kx * op.dilation[1] - op.padding[1]
        inside = 0 <= y < x.shape[1] and 0 <= z < x.shape[2]
        value = x[first + channel, y, z] if inside else operand.type.zero_point
        total += int(op.weight[output, channel, ky, kx]) * value
    return total


def frames_of(network: Network, data, count: int) -> np.ndarray:
    type_, seed = network.input.type, data.draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    return random.integers(type_.lo, type_.hi, (count, *network.input.shape), endpoint=True)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_golden_equals_the_definitions(networks, data):
    network = data.draw(networks)
    frames = frames_of(network, data, 2)
    found = execute(network, frames)
    assert set(found) == set(network.tensors)
    for index, frame in enumerate(frames):
        for name, expected in reference(network, frame).items():
            assert found[name].dtype == np.int64
            assert found[name][index].tolist() == expected.tolist(), name


def test_what_joins_maps_equals_the_definitions():
    """Ops that random networks do not have, at the ends of what they take."""
    wide, narrow, sums = IntType(True, 8), IntType(True, 3), IntType(True, 40)
    tensors = [
        Tensor("x", (2, 2, 3), wide),
        Tensor("small", (2, 2, 3), narrow),
        Tensor("joined", (6, 2, 3), wide),
        Tensor("larger", (6, 4, 6), wide),
        Tensor("weighed", (6, 4, 6), sums),
        Tensor("y", (2, 2, 3), sums),
    ]
    ops = [
        Requantise("small", ("x",), "small", np.array([1, 3]), np.array([5, 7]), (-4, 3)),
        Concat("joined", ("x", "small", "x"), "joined"),
        Upsample2d("larger", ("joined",), "larger"),
        WeightedAdd("weighed", ("larger", "larger"), "weighed", (65535, 1)),
        WeightedAdd("y", ("x", "small"), "y", (3, 65535)),
    ]
    network = Network.of("joins", tensors, ops, "x", "y")
    frames = np.random.default_rng(0).integers(-128, 128, (4, 2, 2, 3))
    frames[0], frames[1] = -128, 127
    found = execute(network, frames)
    for index, frame in enumerate(frames):
        for name, expected in reference(network, frame).items():
            assert found[name][index].tolist() == expected.tolist(), name


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_multiplier_equals_its_thresholds(networks, data):
    network = data.draw(networks)
    ops = [op for op in network.ops if isinstance(op, Requantise)]
    frames = frames_of(network, data, 3)
    expected = execute(network, frames)
    for op in ops:
        (lo, hi), zero = op.bounds, network.result(op).type.zero_point
        rows = [
            rounding_thresholds(
                Fraction(int(m), 2 ** int(n)), Fraction(0), range(lo + 1 - zero, hi + 1 - zero)
            )
            for m, n in zip(op.multiplier, op.shift, strict=True)
        ]
        thresholds = np.array(rows, np.int64).reshape(len(rows), hi - lo)
        twin = Threshold(op.name, op.inputs, op.output, thresholds, np.arange(lo, hi + 1))
        ops_of_twin = tuple(twin if other is op else other for other in network.ops)
        found = execute(replace(network, ops=ops_of_twin), frames)
        assert np.array_equal(found[op.output], expected[op.output])


@pytest.mark.parametrize("seed", [138, 476])
def test_what_the_library_misread_is_right(network_of, seed):
    """Narrow maps of one channel with uneven strides, some frames one after the other."""
    network = network_of(seed)
    type_ = network.input.type
    shape = (4, *network.input.shape)
    frames = np.random.default_rng(0).integers(type_.lo, type_.hi, shape, endpoint=True)
    expected = [reference(network, frame)[network.output_name].tolist() for frame in frames]
    for _ in range(5):
        assert Golden(network).outputs(frames).tolist() == expected


def single_linear(weight, bits=8):
    weight = np.array(weight)
    tensors = [
        Tensor("x", (weight.shape[1],), IntType(True, bits)),
        Tensor("y", (len(weight),), IntType(True, 62, Dyadic(1))),
    ]
    op = Linear("fc", ("x",), "y", weight, np.zeros(len(weight)))
    return Network.of("one", tensors, [op], "x", "y")


def test_sums_beyond_24_bits_are_exact():
    network = single_linear([[2**20 + 1, 1]], bits=16)
    frames = np.array([[32767, 1], [-32768, -1]])
    assert execute(network, frames)["y"].ravel().tolist() == [
        (2**20 + 1) * 32767 + 1,
        -(2**20 + 1) * 32768 - 1,
    ]


def test_sums_beyond_53_bits_are_refused():
    with pytest.raises(NetworkError, match=r"fc: accumulator: expected values below 2\^53, found up to "):
        execute(single_linear([[2**40]], bits=16), np.zeros((1, 1), np.int64))


@pytest.mark.parametrize(
    "frames, message",
    [
        (np.zeros((1, 3), np.int64), r"frames: expected shape \[N, 2\], got \[1, 3\]"),
        (np.zeros(2, np.int64), r"frames: expected shape \[N, 2\], got \[2\]"),
        (np.array([[0.5, 1]]), r"frames: expected integers, codes of int8\(2\^0\), got float64"),
        (np.array([[0, 128]]), r"frames: expected codes of int8\(2\^0\), got 0 to 128"),
    ],
)
def test_frames_that_do_not_fit(frames, message):
    with pytest.raises(UserError, match=message):
        execute(single_linear([[1, 1]]), frames)


def test_no_frames_give_empty_tensors():
    assert execute(single_linear([[1, 1]]), np.zeros((0, 2), np.int64))["y"].shape == (0, 1)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_values_stay_in_their_ranges(networks, data):
    network = data.draw(networks)
    ranges = value_ranges(network)
    for name, values in execute(network, frames_of(network, data, 4)).items():
        moved = np.moveaxis(values, 1, -1)
        assert (moved >= ranges[name].lo).all(), name
        assert (moved <= ranges[name].hi).all(), name
