"""Products at the ends of what each precision holds, and whole networks run in pieces."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.golden import byte_products
from twofold.golden import execute as golden
from twofold.golden.execute import Golden, execute
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d, Linear
from twofold.network.shapes import result_shape
from twofold.network.types import IntArray, IntType


@pytest.fixture
def rough_products() -> object:
    """A process that has asked for float32 products in bfloat16."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    yield
    torch.set_float32_matmul_precision(before)


def convolution(weight: IntArray, type_: IntType) -> Network:
    tensors = [
        Tensor("x", (weight.shape[1], 6, 5), type_),
        Tensor("y", (len(weight), 6, 5), IntType(True, 60)),
    ]
    bias = np.array([-(2**20) - 1, 2**20 + 1])
    op = Conv2d("conv", ("x",), "y", weight, bias, padding=(1, 1, 1, 1))
    return Network.of("one", tensors, [op], "x", "y")


def summed(weight: IntArray, bias: IntArray, x: IntArray, zero_point: int) -> IntArray:
    """The convolution of `convolution` in 64-bit integers."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=zero_point)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return np.einsum("nchwyx,ocyx->nohw", windows, weight) + bias[:, None, None]


#: Operands at and beyond the ends of bytes, and at those of 16 bits.
OPERANDS = [
    (IntType(False, 8), -128, 127),
    (IntType(False, 8), -129, 128),
    (IntType(True, 8), -128, 127),
    (IntType(False, 8, zero_point=3), -128, 127),
    (IntType(True, 8, zero_point=-128), -128, 127),
    (IntType(False, 7), -128, 127),
    (IntType(False, 9), -200, 200),
    (IntType(False, 16), -32767, 32767),
]


@pytest.fixture(params=[True, False], ids=["bytes", "floats"])
def with_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """This processor, which may add products of bytes exactly, and one that does not."""
    if not request.param:
        monkeypatch.setattr(byte_products, "are_exact", lambda: False)
    return request.param


def codes_near_the_ends(type_: IntType, shape: tuple[int, ...]) -> IntArray:
    return np.random.default_rng(0).choice([type_.hi, type_.hi - 1, type_.lo, type_.lo + 1], shape)


@pytest.mark.parametrize("type_, lo, hi", OPERANDS, ids=str)
def test_convolutions_of_the_largest_operands_are_exact(
    rough_products: object, with_bytes: bool, type_: IntType, lo: int, hi: int
) -> None:
    weight = np.random.default_rng(1).choice([lo, lo + 1, hi - 1, hi], (2, 24, 3, 3))
    network = convolution(weight, type_)
    x = codes_near_the_ends(type_, (3, 24, 6, 5))
    assert np.array_equal(execute(network, x)["y"], summed(weight, network.ops[0].bias, x, type_.zero_point))


@pytest.mark.parametrize("type_, lo, hi", OPERANDS, ids=str)
def test_products_of_the_largest_operands_are_exact(
    rough_products: object, with_bytes: bool, type_: IntType, lo: int, hi: int
) -> None:
    weight = np.random.default_rng(1).choice([lo, lo + 1, hi - 1, hi], (3, 300))
    bias = np.array([-(2**20) - 1, 2**20 + 1, 0])
    tensors = [Tensor("x", (300,), type_), Tensor("y", (3,), IntType(True, 60))]
    network = Network.of("one", tensors, [Linear("fc", ("x",), "y", weight, bias)], "x", "y")
    x = codes_near_the_ends(type_, (5, 300))
    assert np.array_equal(execute(network, x)["y"], x @ weight.T + bias)


@pytest.mark.parametrize("inputs, outputs", [(1, 1), (1, 4), (4, 1), (1, 64), (64, 1), (3, 2)])
@pytest.mark.parametrize("frames", [1, 3])
def test_products_with_dimensions_of_one_are_exact_in_bytes(frames: int, inputs: int, outputs: int) -> None:
    random = np.random.default_rng(0)
    weight, bias = random.integers(-128, 128, (outputs, inputs)), np.zeros(outputs, np.int64)
    multiply = byte_products.byte_product(Linear("fc", ("x",), "y", weight, bias), IntType(True, 8))
    x = random.integers(-128, 128, (frames, inputs))
    codes = torch.tensor(x, dtype=torch.int8)
    for stride in ((inputs, 1), (1, frames), (1, 1), (2 * inputs + 1, 2)):
        spread = torch.zeros(3 * inputs * frames + frames, dtype=torch.int8).as_strided(x.shape, stride)
        if stride != (1, 1) or 1 in x.shape:
            assert np.array_equal(multiply(spread.copy_(codes)).numpy(), x @ weight.T), stride


def test_groups_strides_and_uneven_padding_are_exact(with_bytes: bool) -> None:
    type_ = IntType(True, 8, zero_point=5)
    weight = np.random.default_rng(1).integers(-128, 128, (6, 2, 3, 2))
    tensors = [Tensor("x", (6, 7, 6), type_), Tensor("y", (6, 4, 6), IntType(True, 60))]
    op = Conv2d("conv", ("x",), "y", weight, np.arange(6), (2, 1), (1, 0, 2, 2), (1, 2), 3)
    network = Network.of("one", tensors, [op], "x", "y")
    x = np.random.default_rng(2).integers(-128, 128, (2, 6, 7, 6))
    assert byte_products.fit(op, type_, 1 << 20) == byte_products.are_exact()
    padded = F.pad(torch.tensor(x), (0, 2, 1, 2), value=5).double()
    plain = F.conv2d(padded, torch.tensor(weight).double(), None, (2, 1), 0, (1, 2), 3).numpy()
    assert np.array_equal(execute(network, x)["y"], plain + np.arange(6)[:, None, None])


def test_a_processor_that_saturates_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = torch._int_mm
    monkeypatch.setattr(torch, "_int_mm", lambda a, b: exact(a, b).clamp(-(2**15), 2**15 - 1))
    assert not byte_products.are_exact.__wrapped__()


def test_the_precision_of_the_process_is_left_as_it_was(rough_products: object) -> None:
    library = torch.backends.mkldnn
    before = (library.conv.fp32_precision, library.matmul.fp32_precision)
    execute(
        convolution(np.ones((2, 24, 3, 3), np.int64), IntType(False, 8)), np.ones((1, 24, 6, 5), np.int64)
    )
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


#: Channels, filters a channel, map, kernel, stride, padding, dilation that oneDNN misreads or crashes on.
NARROW = [
    (4, 3, (4, 3), (1, 3), (1, 2), (2, 0, 1, 1), (2, 1)),
    (1, 3, (17, 2), (4, 2), (1, 3), (0, 2, 2, 0), (1, 1)),
    (2, 16, (1, 1), (1, 1), (1, 2), (0, 1, 0, 1), (1, 2)),
    (6, 2, (12, 2), (6, 1), (4, 3), (2, 1, 2, 1), (1, 3)),
]


@pytest.mark.parametrize("channels, filters, size, kernel, stride, padding, dilation", NARROW)
def test_windows_on_narrow_maps_are_exact(
    with_bytes: bool,
    channels: int,
    filters: int,
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
    dilation: tuple[int, int],
) -> None:
    random, type_ = np.random.default_rng(2), IntType(True, 8)
    weight = random.integers(-8, 8, (channels * filters, 1, *kernel))
    bias = np.zeros(len(weight), np.int64)
    op = Conv2d("conv", ("x",), "y", weight, bias, stride, padding, dilation, groups=channels)
    shape = (channels, *size)
    tensors = [Tensor("x", shape, type_), Tensor("y", result_shape(op, shape), IntType(True, 60))]
    golden = Golden(Network.of("narrow", tensors, [op], "x", "y"))
    x = random.integers(type_.lo, type_.hi, (3, *shape), endpoint=True)
    expected = by_definition(op, x)
    for _ in range(20):
        assert np.array_equal(golden.outputs(x), expected)


def by_definition(op: Conv2d, x: IntArray) -> IntArray:
    """A depthwise convolution with zero point 0, tap by tap."""
    top, left, bottom, right = op.padding
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    sources = padded.repeat(len(op.weight) // op.groups, axis=1)
    rows, columns = result_shape(op, x.shape[1:])[1:]
    total = np.zeros((len(x), len(op.weight), rows, columns), np.int64)
    for ky, kx in np.ndindex(*op.weight.shape[2:]):
        y, z = ky * op.dilation[0], kx * op.dilation[1]
        down, across = op.stride
        taps = sources[:, :, y : y + down * rows : down, z : z + across * columns : across]
        total += op.weight[:, 0, ky, kx, None, None] * taps[:, :, :rows, :columns]
    return total


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Conv2d, tuple[int, int, int]]:
    """Any geometry on a small map, and the map's shape."""
    groups, per_group, filters = (draw(st.integers(1, most)) for most in (4, 3, 3))
    size = [draw(st.integers(1, 9)) for _ in range(2)]
    kernel = [draw(st.integers(1, min(4, axis))) for axis in size]
    axes = list(zip(size, kernel, strict=True))
    dilation = tuple(draw(st.integers(1, 3)) if axis >= 3 * taps - 2 else 1 for axis, taps in axes)
    stride = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = draw(st.tuples(*[st.integers(0, 2)] * 4))
    weight = np.random.default_rng(0).integers(-8, 8, (groups * filters, per_group, *kernel))
    bias = np.arange(len(weight))
    op = Conv2d("conv", ("x",), "y", weight, bias, stride, padding, dilation, groups)
    return op, (groups * per_group, *size)


@settings(max_examples=60, deadline=None)
@given(drawn=convolutions(), signed=st.booleans())
@pytest.mark.parametrize("exact_bytes", [True, False])
def test_convolutions_of_any_geometry(
    exact_bytes: bool, drawn: tuple[Conv2d, tuple[int, int, int]], signed: bool
) -> None:
    """Against float64 on maps laid out channel by channel, which other code computes."""
    op, shape = drawn
    type_ = IntType(signed, 8)
    x = np.random.default_rng(1).integers(type_.lo, type_.hi, (3, *shape), endpoint=True)
    top, left, bottom, right = op.padding
    padded = torch.from_numpy(np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))).double()
    weight, bias = (torch.tensor(constant, dtype=torch.float64) for constant in (op.weight, op.bias))
    sums = torch.nn.functional.conv2d(padded, weight, bias, op.stride, 0, op.dilation, op.groups)
    tensors = [Tensor("x", shape, type_), Tensor("y", result_shape(op, shape), IntType(True, 60))]
    with pytest.MonkeyPatch.context() as patch:
        if not exact_bytes:
            patch.setattr(byte_products, "are_exact", lambda: False)
        kernel = Golden(Network.of("one", tensors, [op], "x", "y"))
    assert np.array_equal(kernel.outputs(x), sums.numpy().astype(np.int64))
