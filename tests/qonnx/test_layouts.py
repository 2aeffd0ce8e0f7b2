"""`Transpose` between layers: what only changes the order in which the graph reads its data is exact."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from twofold.errors import UserError
from twofold.golden.execute import execute
from twofold.qonnx.executor import run_executor
from twofold.qonnx.importer.layout import NATIVE, Layout, order_of_ones
from twofold.qonnx.importer.load import import_file

DOMAIN = "qonnx.custom_op.general"
LAST, FIRST = [0, 2, 3, 1], [0, 3, 1, 2]


@pytest.fixture
def graph(new_graph):
    graph = new_graph((3, 4, 5))
    graph.quantised_input(bits=4)
    return graph


def test_a_pair_around_quantisers_and_factors(graph, agreed):
    graph.conv("x", "conv", (2, 3, 3, 3))
    graph.node("Transpose", ["conv"], "last", perm=LAST)
    graph.node("Mul", ["last", graph.constant("factor", [0.5, 2.0])], "scaled")
    graph.node("Add", ["scaled", graph.constant("term", np.array([0.3, -0.2]).reshape(1, 1, 1, 2))], "moved")
    graph.node("Relu", ["moved"], "relu")
    graph.quant("relu", "hidden", 2**-3, 4, signed=0)
    graph.node("Transpose", ["hidden"], "first", perm=FIRST)
    graph.conv("first", "y", (3, 2, 2, 2))
    network = agreed(graph, "hidden")
    assert [op.kind for op in network.ops] == ["Conv2d", "Threshold", "Conv2d"]


def test_thresholds_of_channels_that_are_last(graph, agreed):
    graph.conv("x", "conv", (2, 3, 3, 3))
    graph.node("Transpose", ["conv"], "last", perm=LAST)
    thresholds = graph.constant("t", np.sort(graph.random.normal(size=(2, 3))))
    options = {"out_dtype": "UINT2", "data_layout": "NHWC"}
    graph.node("MultiThreshold", ["last", thresholds], "codes", DOMAIN, **options)
    graph.node("Transpose", ["codes"], "first", perm=FIRST)
    graph.node("MaxPool", ["first"], "y", kernel_shape=[2, 2])
    agreed(graph, "codes")


def channels_last(graph, size: int) -> None:
    """As Keras writes a network: channels last at both ends, first in between."""
    graph.quant("images", "x", 2**-4, 5, signed=0)
    graph.node("Transpose", ["x"], "first", perm=FIRST)
    graph.conv("first", "conv", (2, 3, 3, 3), bias=np.array([3, -5]) * 2.0**-9)
    graph.node("Transpose", ["conv"], "last", perm=LAST)
    graph.node("Relu", ["last"], "relu")
    graph.quant("relu", "hidden", 2**-3, 4, signed=0)
    graph.node("Reshape", ["hidden", graph.constant("shape", [-1, size], np.int64)], "flat")
    graph.node("MatMul", ["flat", graph.weights("w", (size, 6))], "product")
    graph.quant("product", "vector", 2**-1, 4)
    graph.node("MatMul", ["vector", graph.weights("v", (6, 4))], "y")


def test_images_and_a_flattened_map_with_channels_last(new_graph, agreed):
    graph = new_graph((6, 5, 3))
    channels_last(graph, 4 * 3 * 2)
    network = agreed(graph, "hidden", "flat", "vector", batch="N")
    assert (network.input.shape, network.tensors["hidden"].shape) == ((3, 6, 5), (2, 4, 3))


def test_a_vector_in_another_order_is_noticed(new_graph, save, monkeypatch):
    graph = new_graph((6, 5, 3))
    channels_last(graph, 4 * 3 * 2)
    path = save(graph)
    codes = graph.random.integers(0, 32, (4, 3, 6, 5))
    monkeypatch.setattr(Layout, "places", property(lambda layout: np.arange(np.prod(layout.shape))))
    imported = import_file(path)
    images = imported.reader.images_of(codes)
    found = run_executor(path, imported.network, codes, images, imported.views)
    golden = execute(imported.network, codes)
    assert np.array_equal(golden["flat"], found["flat"])
    assert not np.array_equal(golden["y"], found["y"])


def test_factors_along_a_vector_in_another_order(graph, agreed):
    graph.node("Transpose", ["x"], "last", perm=LAST)
    graph.node("Flatten", ["last"], "flat")
    graph.node("Mul", ["flat", graph.constant("factor", 2.0 ** graph.random.integers(-2, 3, 60))], "scaled")
    graph.quant("scaled", "codes", 2**-3, 5)
    graph.node("Gemm", ["codes", graph.weights("w", (4, 60))], "y", transB=1)
    agreed(graph, "flat", "codes")


def test_additions_joins_and_means_of_maps_with_channels_last(graph, agreed):
    graph.conv("x", "conv", (3, 3, 1, 1))
    graph.node("Transpose", ["conv"], "conv_last", perm=LAST)
    graph.quant("conv_last", "branch", 2**-4, 8)
    graph.node("Transpose", ["x"], "last", perm=LAST)
    graph.node("Add", ["last", "branch"], "sum")
    graph.quant("sum", "added", 2**-4, 8)
    graph.node("Concat", ["added", "branch"], "joined", axis=3)
    graph.node("ReduceMean", ["joined"], "mean", axes=[1, 2], keepdims=0)
    graph.quant("mean", "codes", 2**-4, 8)
    graph.node("MatMul", ["codes", graph.weights("w", (6, 3))], "y")
    agreed(graph, "added", "joined", "codes")


def test_one_pixel_has_one_order(graph, agreed):
    graph.node("GlobalAveragePool", ["x"], "mean")
    graph.node("Transpose", ["mean"], "last", perm=LAST)
    graph.quant("last", "codes", 2**-4, 8)
    graph.node("Squeeze", ["codes"], "vector", axes=[1, 2])
    graph.node("MatMul", ["vector", graph.weights("w", (3, 3))], "y")
    agreed(graph, "codes", "vector", opset=12)


def test_one_dimension(new_graph, agreed):
    graph = new_graph((9, 2))
    graph.quantised_input(bits=4)
    graph.node("Transpose", ["x"], "first", perm=[0, 2, 1])
    graph.conv("first", "conv", (3, 2, 3))
    graph.node("Transpose", ["conv"], "last", perm=[0, 2, 1])
    graph.quant("last", "hidden", 2**-3, 4)
    graph.node("Flatten", ["hidden"], "flat")
    graph.node("MatMul", ["flat", graph.weights("w", (21, 3))], "y")
    assert agreed(graph, "hidden", "flat").input.shape == (2, 1, 9)


def test_a_map_that_leaves_with_channels_last(graph, save, agreed):
    graph.conv("x", "conv", (2, 3, 3, 3))
    graph.quant("conv", "codes", 2**-3, 4)
    graph.node("Transpose", ["codes"], "y", perm=LAST)
    assert agreed(graph, "codes").output_name == "codes"
    assert import_file(save(graph)).host == ("Transpose to [N, H, W, C]",)


def test_layouts_of_shapes_and_orders():
    layout = NATIVE.transposed((2, 3, 4), (1, 2, 0))
    assert (str(layout), layout.graph_shape, layout.map_axes(4)) == ("[N, H, W, C]", (3, 4, 2), {1, 2})
    assert layout.transposed((2, 3, 4), (2, 0, 1)) == NATIVE
    assert NATIVE.transposed((2, 1, 1), (1, 2, 0)).flattened() == NATIVE
    values = np.arange(24).reshape(1, 2, 3, 4)
    assert np.array_equal(layout.to_network(layout.from_network(values)), values)
    assert np.array_equal(values.ravel()[layout.places], layout.from_network(values).ravel())


@pytest.mark.parametrize("as_node", [False, True])
def test_a_single_channel_moves_without_a_transposition(new_graph, agreed, as_node: bool) -> None:
    """As QKeras's converter writes [N, H, W, 1] to [N, 1, H, W]."""
    graph = new_graph((5, 4, 1))
    graph.quantised_input(bits=4)
    target = np.array([-1, 1, 5, 4])
    if as_node:
        graph.node("Constant", [], "target", value=onnx.numpy_helper.from_array(target))
    else:
        graph.constant("target", target, np.int64)
    graph.node("Reshape", ["x", "target"], "first")
    graph.conv("first", "y", (2, 1, 3, 3))
    assert agreed(graph).input.shape == (1, 5, 4)


def test_axes_of_one_element_alone_can_move() -> None:
    assert order_of_ones((5, 4, 1), (1, 5, 4)) == (2, 0, 1)
    assert order_of_ones((1, 4, 1), (4, 1, 1)) == (1, 0, 2)
    assert order_of_ones((5, 4, 1), (1, 4, 5)) is None
    assert order_of_ones((5, 4, 1), (5, 4)) is None


def test_a_target_that_is_no_shape_is_refused(new_graph, tmp_path) -> None:
    graph = new_graph((5, 4, 1))
    graph.quantised_input()
    graph.node("Reshape", ["x", graph.constant("target", [-1, np.nan, 5, 4])], "first")
    graph.conv("first", "y", (2, 1, 3, 3))
    path = tmp_path / "model.onnx"
    onnx.save(graph.model(), path)
    with pytest.raises(UserError, match="Reshape 'first': shape: found"):
        import_file(path)
