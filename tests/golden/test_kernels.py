"""Products at the ends of what each precision holds, and whole networks run in pieces."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.golden import execute as golden
from twofold.golden.execute import Golden, execute
from twofold.golden.precision import NARROW_MAX
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d
from twofold.network.types import IntArray, IntType


@pytest.fixture
def rough_products() -> object:
    """A process that has asked for float32 products in bfloat16."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    yield
    torch.set_float32_matmul_precision(before)


def convolution(weight: IntArray, bits: int) -> Network:
    tensors = [
        Tensor("x", (weight.shape[1], 6, 5), IntType(False, bits)),
        Tensor("y", (len(weight), 6, 5), IntType(True, 60)),
    ]
    bias = np.array([-(2**20) - 1, 2**20 + 1])
    op = Conv2d("conv", ("x",), "y", weight, bias, padding=(1, 1, 1, 1))
    return Network.of("one", tensors, [op], "x", "y")


def summed(weight: IntArray, bias: IntArray, x: IntArray) -> IntArray:
    """The convolution of `convolution` in 64-bit integers."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return np.einsum("nchwyx,ocyx->nohw", windows, weight) + bias[:, None, None]


@pytest.mark.parametrize("bits, largest", [(8, NARROW_MAX), (8, NARROW_MAX + 1), (9, 200), (16, 32767)])
def test_products_of_the_largest_operands_are_exact(rough_products: object, bits: int, largest: int) -> None:
    random = np.random.default_rng(0)
    weight = random.choice([largest, -largest, 1, largest - 1], (2, 24, 3, 3))
    network = convolution(weight, bits)
    x = random.choice([2**bits - 1, 2**bits - 2, 1, 0], (3, 24, 6, 5))
    assert np.array_equal(execute(network, x)["y"], summed(weight, network.ops[0].bias, x))


def test_the_precision_of_the_process_is_left_as_it_was(rough_products: object) -> None:
    library = torch.backends.mkldnn
    before = (library.conv.fp32_precision, library.matmul.fp32_precision)
    execute(convolution(np.ones((2, 24, 3, 3), np.int64), 8), np.ones((1, 24, 6, 5), np.int64))
    assert (library.conv.fp32_precision, library.matmul.fp32_precision) == before
    assert torch.get_float32_matmul_precision() == "medium"


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_outputs_in_pieces_equal_the_whole(networks, data) -> None:
    network = data.draw(networks)
    type_ = network.input.type
    frames = np.random.default_rng(0).integers(type_.lo, type_.hi, (7, *network.input.shape), endpoint=True)
    whole = execute(network, frames)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(golden, "CHUNK", 3 * max(tensor.elements for tensor in network.tensors.values()))
        pieces = Golden(network)
    assert np.array_equal(pieces.outputs(frames), whole[network.output_name])
    for name, values in pieces.tensors(frames).items():
        assert np.array_equal(values, whole[name])
