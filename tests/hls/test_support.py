"""Refusals name the op and what it could be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twofold.hls.options import HlsOptions
from twofold.hls.support import check_support
from twofold.hls.types import IoType
from twofold.network.errors import NetworkError
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d, Flatten, MaxPool2d, Op, Requantise, SumPool2d, Threshold
from twofold.network.types import IntType

BYTE = IntType(False, 8)
STREAM = HlsOptions()


def network_of(*ops: Op, shapes: dict[str, tuple[int, ...]], type_: IntType = BYTE) -> Network:
    tensors = [Tensor(name, shape, type_) for name, shape in shapes.items()]
    return Network.of("n", tensors, ops, "x", ops[-1].output if ops else "x")


POOL_SHAPES = {"x": (1, 4, 4), "y": (1, 3, 3)}
REFUSED_IN_STREAMS = [
    (
        Conv2d("c", ("x",), "y", np.ones((1, 1, 1, 2)), np.zeros(1), stride=(2, 1)),
        "c: stride: expected a vertical stride of 1",
    ),
    (MaxPool2d("m", ("x",), "y", (2, 2), (1, 1)), "m: stride: expected a stride equal to the kernel"),
    (SumPool2d("s", ("x",), "y", (2, 2), (1, 1)), "s: stride: expected windows that do not overlap"),
]


@pytest.mark.parametrize(("op", "message"), REFUSED_IN_STREAMS, ids=lambda value: getattr(value, "name", ""))
def test_what_streams_lack_is_refused_there_only(op: Op, message: str) -> None:
    network = network_of(op, shapes=POOL_SHAPES)
    with pytest.raises(NetworkError, match=message):
        check_support(network, STREAM)
    check_support(network, HlsOptions(io=IoType.PARALLEL))


def test_flatten_is_read_by_linear_only() -> None:
    flatten = Flatten("f", ("x",), "v")
    ones = np.ones(16, np.int64)
    shapes: dict[str, tuple[int, ...]] = {"x": (1, 4, 4), "v": (16,), "y": (16,)}
    with pytest.raises(NetworkError, match=r"f: readers: expected only Linear.*Requantise r"):
        check_support(
            network_of(flatten, Requantise("r", ("v",), "y", ones, ones, (0, 255)), shapes=shapes),
            STREAM,
        )
    del shapes["y"]
    with pytest.raises(NetworkError, match="f: output: expected a Linear after Flatten"):
        check_support(network_of(flatten, shapes=shapes), STREAM)


def test_a_stream_of_many_readers_is_refused() -> None:
    ones = np.ones(1, np.int64)
    ops = [Requantise(f"r{k}", ("x",), f"y{k}", ones, ones, (0, 255)) for k in range(8)]
    shapes: dict[str, tuple[int, ...]] = {"x": (1,)} | {op.output: (1,) for op in ops}
    with pytest.raises(NetworkError, match="x: readers: expected at most 7 of one stream, found 8"):
        check_support(network_of(*ops, shapes=shapes), STREAM)


def test_constant_thresholds_wide_tensors_and_empty_networks_are_refused() -> None:
    constant = Threshold("t", ("x",), "y", np.zeros((1, 1)), np.array([3, 3]))
    shapes: dict[str, tuple[int, ...]] = {"x": (1, 4, 4), "y": (1, 4, 4)}
    with pytest.raises(NetworkError, match="t: levels: expected at least two different levels"):
        check_support(network_of(constant, shapes=shapes), STREAM)
    with pytest.raises(NetworkError, match="x: type: expected at most 53 bits"):
        check_support(network_of(constant, shapes=shapes, type_=replace(BYTE, bits=54)), STREAM)
    with pytest.raises(NetworkError, match="n: ops: expected at least one op"):
        check_support(network_of(shapes={"x": (1,)}), STREAM)
