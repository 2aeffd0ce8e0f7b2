"""What HLS does not finish is refused by name, with what to change."""

from __future__ import annotations

import numpy as np
import pytest

from twofold.hls.options import HlsOptions, HlsStrategy
from twofold.hls.sizes import check_sizes
from twofold.hls.types import IoType
from twofold.network.errors import NetworkError
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d, Linear, Op, Threshold
from twofold.network.types import IntType

BYTE = IntType(False, 8)


def network_of(op: Op, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> Network:
    return Network.of("n", [Tensor("x", inputs, BYTE), Tensor("y", outputs, BYTE)], [op], "x", "y")


def conv(outputs: int, inputs: int) -> Network:
    weight = np.ones((outputs, inputs, 3, 3), np.int64)
    op = Conv2d("c", ("x",), "y", weight, np.zeros(outputs, np.int64))
    return network_of(op, (inputs, 4, 4), (outputs, 2, 2))


@pytest.mark.parametrize("strategy", [HlsStrategy.LATENCY, HlsStrategy.DISTRIBUTED_ARITHMETIC])
def test_too_many_products_to_unroll(strategy: HlsStrategy) -> None:
    check_sizes(conv(16, 16), HlsOptions(strategy=strategy))
    advice = "choose budget or resource, with a board or a board file of yours if you gave a part alone"
    with pytest.raises(NetworkError, match=f"c: weight: .*{strategy}; {advice}, found 9,216"):
        check_sizes(conv(32, 32), HlsOptions(strategy=strategy))
    check_sizes(conv(32, 32), HlsOptions())


def test_too_many_inputs_of_an_output() -> None:
    with pytest.raises(NetworkError, match=r"c: weight: .*choose a narrower layer, found 4,608"):
        check_sizes(conv(2, 512), HlsOptions())


def test_a_tensor_too_large_for_registers() -> None:
    weight = np.ones((2, 5000), np.int64)[:, :4096]
    op = Linear("fc", ("x",), "y", weight, np.zeros(2, np.int64))
    check_sizes(network_of(op, (4096,), (2,)), HlsOptions(io=IoType.PARALLEL))
    with pytest.raises(NetworkError, match=r"x: elements: .*choose io_stream, found 8,192"):
        check_sizes(conv_of_map(), HlsOptions(io=IoType.PARALLEL))
    check_sizes(conv_of_map(), HlsOptions())


def conv_of_map() -> Network:
    op = Conv2d("c", ("x",), "y", np.ones((1, 2, 1, 1), np.int64), np.zeros(1, np.int64))
    return network_of(op, (2, 64, 64), (1, 64, 64))


def test_too_many_thresholds() -> None:
    op = Threshold("t", ("x",), "y", np.zeros((17, 255), np.int64), np.arange(256))
    with pytest.raises(NetworkError, match=r"t: thresholds: .*fewer bits or channels, found 4,335"):
        check_sizes(network_of(op, (17, 1, 1), (17, 1, 1)), HlsOptions())
