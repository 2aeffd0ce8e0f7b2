"""Forms of other exporters: bipolar weights, QDQ, free scales, normalised inputs, host work."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from twofold.errors import UserError
from twofold.golden.execute import execute
from twofold.network.dyadic import Dyadic
from twofold.network.ops import Conv2d, Requantise, Threshold
from twofold.qonnx.executor import run_executor
from twofold.qonnx.importer.load import import_file

DOMAIN = "qonnx.custom_op.general"


def bipolar(graph, source: str, output: str, scale: float = 1.0) -> str:
    return graph.node("BipolarQuant", [source, graph.constant(f"{output}.scale", scale)], output, DOMAIN)


def bipolar_weights(graph, name: str, shape: tuple[int, ...]) -> str:
    graph.constant(f"{name}.float", graph.random.normal(size=shape))
    return bipolar(graph, f"{name}.float", name)


def normalised(graph, source: str, output: str, channels: int) -> str:
    random = graph.random
    numbers = {
        "scale": random.normal(size=channels) + 1.5,
        "bias": random.normal(size=channels),
        "mean": random.normal(size=channels) * 9,
        "variance": random.random(channels) * 90 + 1,
    }
    inputs = [source, *(graph.constant(f"{output}.{name}", values) for name, values in numbers.items())]
    return graph.node("BatchNormalization", inputs, output, epsilon=1e-5, momentum=0.9)


def kinds(network) -> list[str]:
    return [op.kind for op in network.ops]


def binary_classifier(graph) -> None:
    """Normalised images, bipolar layers, and a scalar normalisation at the end."""
    graph.node("Flatten", ["images"], "flat")
    graph.node("Mul", ["flat", graph.constant("two", 2.0)], "doubled")
    graph.node("Sub", ["doubled", graph.constant("one", [1.0])], "centred")
    bipolar(graph, "centred", "x")
    graph.node("MatMul", ["x", bipolar_weights(graph, "w0", (18, 12))], "product")
    bipolar(graph, normalised(graph, "product", "normal", 12), "hidden")
    graph.node("MatMul", ["hidden", bipolar_weights(graph, "w1", (12, 4))], "logits")
    graph.node("Sub", ["logits", graph.constant("mean", [0.448])], "moved")
    graph.node("Pow", [graph.constant("variance", [318.19]), graph.constant("half", 0.5)], "deviation")
    graph.node("Div", ["moved", "deviation"], "y")


def test_a_binary_classifier_with_batch_normalisation(new_graph, agreed, save):
    graph = new_graph((2, 3, 3))
    binary_classifier(graph)
    network = agreed(graph, "hidden", "logits", frames=64)
    assert kinds(network) == ["Linear", "Threshold", "Linear"]
    imported = import_file(save(graph))
    assert imported.host == ("Sub 'moved'", "Div 'y'")
    assert imported.reader.work == ("Mul 'doubled'", "Sub 'centred'", "BipolarQuant 'x'")
    assert imported.reader.codes.tolist() == [-1, 1]


def test_a_threshold_moved_by_one_is_noticed(new_graph, save, monkeypatch):
    graph = new_graph((2, 3, 3))
    binary_classifier(graph)
    path = save(graph)
    imported = import_file(path)
    network, reader = imported.network, imported.reader
    op = next(op for op in network.ops if isinstance(op, Threshold))
    codes = graph.random.choice(reader.codes, (400, *network.input.shape))
    expected = run_executor(path, network, codes, reader.images_of(codes))
    assert np.array_equal(execute(network, codes)["hidden"], expected["hidden"])
    moved = op.thresholds + 2  # sums of twelve odd numbers are even
    object.__setattr__(op, "thresholds", moved)
    assert not np.array_equal(execute(network, codes)["hidden"], expected["hidden"])


def test_images_become_the_codes_that_the_executor_computes(new_graph, save):
    graph = new_graph((3, 2, 2))
    mean, deviation = np.array([0.4, 0.5, 0.6]), np.array([0.2, 0.25, 0.3])
    graph.node("Sub", ["images", graph.constant("mean", mean.reshape(3, 1, 1))], "centred")
    graph.node("Div", ["centred", graph.constant("deviation", deviation.reshape(1, 3, 1, 1))], "normal")
    graph.quant("normal", "x", 2**-5, narrow=1)
    graph.quant("x", "y", 2**-4, 4)
    path = save(graph)
    imported = import_file(path)
    images = graph.random.random((40, 3, 2, 2)).astype(np.float32)
    codes = imported.reader.codes_of(images)
    assert np.array_equal(run_executor(path, imported.network, codes, images)["x"], codes)
    assert np.array_equal(imported.reader.codes_of(imported.reader.images_of(codes)), codes)
    with pytest.raises(UserError, match="expected codes that images can have, -127 to 127, found others"):
        imported.reader.images_of(np.full_like(codes, -128))


def quantised(graph, source: str, output: str, scale: float, zero: int, kind=np.uint8) -> str:
    inputs = [graph.constant(f"{output}.s", scale), graph.constant(f"{output}.z", zero, kind)]
    graph.node("QuantizeLinear", [source, *inputs], f"{output}.q")
    return graph.node("DequantizeLinear", [f"{output}.q", *inputs], output)


def stored_weights(graph, name: str, shape: tuple[int, ...], scale, **attributes) -> str:
    graph.constant(f"{name}.q", graph.random.integers(-127, 128, shape), np.int8)
    inputs = [
        f"{name}.q",
        graph.constant(f"{name}.s", scale),
        graph.constant(f"{name}.z", np.zeros_like(scale), np.int8),
    ]
    return graph.node("DequantizeLinear", inputs, name, **attributes)


@pytest.mark.parametrize("opset", [13, 17, 21])
def test_qdq_with_a_scale_for_each_channel(new_graph, agreed, opset):
    graph = new_graph((2, 5, 5))
    quantised(graph, "images", "x", 2**-6, 17)
    scales = np.float32([2**-7, 2**-8, 2**-6])
    graph.node("Conv", ["x", stored_weights(graph, "w", (3, 2, 3, 3), scales, axis=0)], "conv", pads=[1] * 4)
    graph.node("Relu", ["conv"], "relu")
    quantised(graph, "relu", "y", 2**-3, 0)
    network = agreed(graph, "y.q", opset=opset)
    assert (kinds(network), network.output_name) == (["Conv2d", "Requantise"], "y.q")


def test_qcdq_clips_integers(new_graph, agreed):
    graph = new_graph((6,))
    quantised(graph, "images", "x", 2**-4, 0, np.int8)
    graph.node("MatMul", ["x", stored_weights(graph, "w", (6, 5), np.float32(2**-6))], "product")
    inputs = [graph.constant("s", 2**-2), graph.constant("z", 0, np.int8)]
    graph.node("QuantizeLinear", ["product", *inputs], "stored")
    bounds = [graph.constant("lo", -8, np.int8), graph.constant("hi", 7, np.int8)]
    graph.node("Clip", ["stored", *bounds], "clipped")
    graph.node("DequantizeLinear", ["clipped", *inputs], "y")
    network = agreed(graph, "clipped")
    (op,) = (op for op in network.ops if isinstance(op, Requantise))
    assert op.bounds == (-8, 7)


def test_weights_quantised_in_the_graph(new_graph, agreed):
    graph = new_graph((6,))
    quantised(graph, "images", "x", 2**-4, 3)
    graph.constant("float", graph.random.normal(size=(6, 5)))
    inputs = [graph.constant("s", 2**-5), graph.constant("z", 0, np.int8)]
    graph.node("QuantizeLinear", ["float", *inputs], "stored")
    graph.node(
        "Clip", ["stored", graph.constant("lo", -7, np.int8), graph.constant("hi", 7, np.int8)], "clipped"
    )
    graph.node("DequantizeLinear", ["clipped", *inputs], "w")
    graph.node("MatMul", ["x", "w"], "y")
    network = agreed(graph)
    assert (kinds(network), np.abs(network.ops[0].weight).max()) == (["Linear"], 7)


def test_a_free_output_scale_is_exact_where_its_thresholds_are(new_graph, agreed):
    graph = new_graph((4, 5, 5))
    graph.conv(graph.quantised_input(bits=4), "conv", (3, 4, 3, 3))
    graph.quant("conv", "y", 0.0371, 4)
    agreed(graph, frames=16)


@pytest.mark.parametrize("mode", ["CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN"])
def test_rounding_modes(new_graph, agreed, mode):
    graph = new_graph((2, 6, 6))
    graph.quantised_input()
    graph.quant("x", "y", 2**-2, 5, rounding_mode=mode)
    agreed(graph)


def test_clips_and_terms_after_a_relu(new_graph, agreed):
    graph = new_graph((2, 6, 6))
    graph.conv(graph.quantised_input(bits=4), "conv", (3, 2, 3, 3))
    graph.node("Relu", ["conv"], "relu")
    graph.node("Add", ["relu", graph.constant("term", [[[0.3]], [[0.1]], [[-0.2]]])], "moved")
    graph.node("Clip", ["moved", graph.constant("lo", 0.0), graph.constant("hi", 1.7)], "clipped")
    graph.quant("clipped", "y", 0.11, 4, signed=0)
    agreed(graph)


def test_truncation(new_graph, agreed):
    graph = new_graph((2, 6, 6))
    graph.quantised_input(bits=6)
    inputs = [
        graph.constant(name, value) for name, value in (("s", 2**-4), ("z", 0.0), ("in", 6.0), ("out", 4.0))
    ]
    graph.node("Trunc", ["x", *inputs], "y", DOMAIN, rounding_mode="FLOOR")
    assert agreed(graph).output.type.bits == 4


@pytest.mark.parametrize("axes, opset", [([1, 2], 13), ([-2, -1], 13), ([1, 2], 11), ([-2, -1], 11)])
def test_constants_that_become_maps(new_graph, agreed, axes, opset):
    """Four channels and four columns, so that a factor on the wrong axis would broadcast, too."""
    graph = new_graph((4, 4, 4))
    graph.conv(graph.quantised_input(), "conv", (4, 4, 1, 1))
    graph.constant("factors", [1, 2, 4, 8])
    given = [graph.constant("axes", axes, np.int64)] if opset > 12 else []
    graph.node("Unsqueeze", ["factors", *given], "map", **({} if given else {"axes": axes}))
    graph.node("Mul", ["conv", "map"], "scaled")
    graph.quant("scaled", "y", 2**-3)
    agreed(graph, opset=opset)


@pytest.mark.parametrize(
    "scale, bias, dtype, levels", [(2, -1, "BIPOLAR", [-1, 1]), (0.5, 0.25, "UINT2", [1, 3])]
)
def test_thresholds_of_half_steps(new_graph, agreed, scale, bias, dtype, levels):
    """FINN writes −1 and 1 as twice the count less one; the convolution behind pads with 0 between them."""
    graph = new_graph((2, 5, 5))
    graph.conv(graph.quantised_input(), "conv", (3, 2, 1, 1))
    graph.constant("thresholds", [[-0.3], [0], [1.1]])
    settings = {"out_dtype": dtype, "out_scale": float(scale), "out_bias": float(bias)}
    graph.node("MultiThreshold", ["conv", "thresholds"], "codes", DOMAIN, **settings)
    graph.conv("codes", "y", (2, 3, 3, 3), pads=[1] * 4)
    (op,) = (op for op in agreed(graph, "codes").ops if isinstance(op, Threshold))
    assert op.levels.tolist() == levels


def test_constants_that_are_reshaped(new_graph, agreed):
    """Of weights behind their quantiser, and of a Constant node: the batch has no part in their shapes."""
    graph = new_graph((6,))
    graph.weights("stored", (6, 5, 1))
    graph.node("Reshape", ["stored", graph.constant("shape", [6, -1], np.int64)], "weight")
    graph.node("MatMul", [graph.quantised_input(), "weight"], "sums")
    column = onnx.numpy_helper.from_array(np.float32([[1], [-2], [0], [3], [4]]))
    graph.node("Constant", [], "column", value=column)
    graph.node("Reshape", ["column", graph.constant("row", [1, 5], np.int64)], "terms")
    graph.quant(graph.node("Add", ["sums", "terms"], "moved"), "y", 2**-3)
    agreed(graph)


@pytest.mark.parametrize("axes", [None, [0]])
def test_constants_without_axes_of_one_element(new_graph, agreed, axes):
    graph = new_graph((4,))
    graph.node("MatMul", [graph.quantised_input(), graph.weights("weight", (4, 3))], "sums")
    graph.constant("row", [[0.5, -1, 2]])
    given = [] if axes is None else [graph.constant("axes", axes, np.int64)]
    graph.node("Add", ["sums", graph.node("Squeeze", ["row", *given], "terms")], "moved")
    graph.quant("moved", "y", 2**-3)
    agreed(graph)


def test_padding_goes_into_the_convolution(new_graph, agreed):
    graph = new_graph((2, 5, 5))
    graph.quantised_input(zero=7)
    graph.node("Pad", ["x", graph.constant("pads", [0, 0, 1, 2, 0, 0, 0, 1], np.int64)], "padded")
    graph.conv("padded", "y", (3, 2, 3, 3), pads=[1, 0, 0, 1])
    (op,) = agreed(graph).ops
    assert op.padding == (2, 2, 0, 2)


def test_padding_before_anything_else_is_refused(new_graph, load):
    graph = new_graph((2, 5, 5))
    graph.quantised_input()
    graph.node("Pad", ["x", graph.constant("pads", [0, 0, 1, 1, 0, 0, 1, 1], np.int64)], "padded")
    graph.node("MaxPool", ["padded"], "y", kernel_shape=[2, 2])
    with pytest.raises(
        UserError, match="MaxPool 'y': input 'padded': found a padded map, supported: one without"
    ):
        load(graph)


def test_one_dimension(new_graph, agreed):
    graph = new_graph((2, 20))
    graph.conv(
        graph.quantised_input(bits=4), "conv", (6, 1, 5), group=2, pads=[2, 1], strides=[2], dilations=[2]
    )
    graph.node("Mul", ["conv", graph.constant("factor", np.linspace(0.5, 2, 6).reshape(1, 6, 1))], "scaled")
    graph.quant("scaled", "hidden", 2**-2, 4)
    graph.node("MaxPool", ["hidden"], "pool", kernel_shape=[2], strides=[2])
    graph.node("Flatten", ["pool"], "flat")
    graph.node("MatMul", ["flat", graph.weights("w", (24, 3))], "y")
    network = agreed(graph, "hidden", "pool")
    conv = network.ops[0]
    assert isinstance(conv, Conv2d)
    assert (conv.weight.shape, network.input.shape) == ((6, 1, 1, 5), (2, 1, 20))


@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax", "ArgMax"])
def test_what_the_host_does_at_the_end(new_graph, save, kind):
    graph = new_graph((5,))
    graph.node("MatMul", [graph.quantised_input(), graph.weights("weight", (5, 3))], "logits")
    graph.node("Mul", ["logits", graph.constant("factor", 0.3)], "scaled")
    graph.node(kind, ["scaled"], "y", axis=1)
    imported = import_file(save(graph))
    assert (imported.host, imported.network.output_name) == (("Mul 'scaled'", f"{kind} 'y'"), "logits")


def test_a_map_may_end_in_a_sigmoid(new_graph, save):
    graph = new_graph((2, 4, 4))
    graph.conv(graph.quantised_input(), "mask", (1, 2, 3, 3))
    graph.node("Sigmoid", ["mask"], "y")
    imported = import_file(save(graph))
    assert (imported.host, imported.network.output_name) == (("Sigmoid 'y'",), "mask")


@pytest.mark.parametrize("kind", ["Softmax", "Sigmoid", "ArgMax"])
def test_nothing_follows_an_argmax(new_graph, load, kind):
    graph = new_graph((5,))
    graph.node("ArgMax", [graph.quantised_input()], "answer", axis=1, keepdims=0)
    graph.node(kind, ["answer"], "y", **({"axis": -1, "keepdims": 0} if kind == "ArgMax" else {}))
    with pytest.raises(UserError, match="found the answer of an ArgMax"):
        load(graph)


def test_host_work_is_the_end(new_graph, load):
    graph = new_graph((5,))
    graph.node("Softmax", [graph.quantised_input()], "soft", axis=1)
    graph.quant("soft", "y", 0.5)
    with pytest.raises(
        UserError, match="input 'soft': found what a host computes, supported: quantised data"
    ):
        load(graph)


def test_factors_that_change_the_order_of_the_logits_are_no_host_work(new_graph, load):
    graph = new_graph((5,))
    graph.node("MatMul", [graph.quantised_input(), graph.weights("weight", (5, 3))], "logits")
    graph.node("Mul", ["logits", graph.constant("factor", [0.1, 0.2, 0.3])], "y")
    with pytest.raises(UserError, match="Mul 'y': graph output: found 3 scales"):
        load(graph)


def test_shapes_computed_in_the_graph(new_graph, agreed):
    graph = new_graph((2, 3, 3))
    graph.quantised_input()
    graph.node("Shape", ["x"], "shape")
    graph.node("Gather", ["shape", graph.constant("first", 0, np.int64)], "batch", axis=0)
    graph.node("Unsqueeze", ["batch", graph.constant("axes", [0], np.int64)], "row")
    graph.node("Concat", ["row", graph.constant("rest", [-1], np.int64)], "target", axis=0)
    graph.node("Reshape", ["x", "target"], "flat")
    graph.node("MatMul", ["flat", graph.weights("w", (18, 3))], "y")
    assert kinds(agreed(graph)) == ["Flatten", "Linear"]


def test_constants_in_nodes(new_graph, agreed):
    graph = new_graph((5,))
    graph.node("Constant", [], "scale", value=onnx.numpy_helper.from_array(np.float32(2**-3)))
    graph.node("Constant", [], "zero", value=onnx.numpy_helper.from_array(np.array(9, np.uint8)))
    graph.node("QuantizeLinear", ["images", "scale", "zero"], "stored")
    graph.node("DequantizeLinear", ["stored", "scale", "zero"], "x")
    graph.node("MatMul", ["x", graph.weights("w", (5, 3))], "y")
    assert kinds(agreed(graph)) == ["Linear"]


def test_dequantising_with_another_scale_is_refused(new_graph, load):
    graph = new_graph((5,))
    graph.node("QuantizeLinear", ["images", graph.constant("s", 0.5)], "stored")
    graph.node("DequantizeLinear", ["stored", graph.constant("t", 0.25)], "y")
    with pytest.raises(
        UserError, match=r"DequantizeLinear 'y': scale and zero point: found 0.25 and 0, supported"
    ):
        load(graph)


@pytest.mark.parametrize("how", ["map", "vector"])
def test_images_with_their_channels_last(new_graph, agreed, how):
    graph = new_graph((5, 4, 3))
    graph.node("Transpose", ["images"], "first", perm=[0, 3, 1, 2])
    graph.node("Sub", ["first", graph.constant("mean", np.linspace(0, 1, 3).reshape(3, 1, 1))], "centred")
    if how == "vector":
        graph.node("Flatten", ["centred"], "flat")
        graph.quant("flat", "x", 2**-4)
        graph.node("MatMul", ["x", graph.weights("w", (60, 4))], "y")
    else:
        graph.quant("centred", "x", 2**-4)
        graph.conv("x", "y", (2, 3, 3, 3))
    assert agreed(graph).input.shape == ((60,) if how == "vector" else (3, 5, 4))


@pytest.mark.parametrize("opset", [11, 14, 18, 21])
def test_operator_sets(new_graph, agreed, opset):
    graph = new_graph((2, 6, 6))
    graph.quantised_input(bits=4)
    graph.node("Pad", ["x", graph.constant("pads", [0, 0, 1, 1, 0, 0, 1, 1], np.int64)], "padded")
    graph.conv("padded", "conv", (3, 2, 3, 3))
    normalised(graph, "conv", "normal", 3)
    number = {"value_float": 6.0} if opset > 11 else {"value": onnx.numpy_helper.from_array(np.float32(6))}
    graph.node("Constant", [], "six", **number)
    graph.node("Clip", ["normal", graph.constant("zero", 0.0), "six"], "clipped")
    graph.quant("clipped", "hidden", 0.21, 4, signed=0)
    graph.node("MaxPool", ["hidden"], "pool", kernel_shape=[2, 2], strides=[2, 2])
    graph.node("GlobalAveragePool", ["pool"], "mean")
    graph.quant("mean", "y", 0.11, 4, signed=0)
    agreed(graph, "hidden", opset=opset)


def test_integers_that_two_nodes_read(new_graph, agreed):
    graph = new_graph((6,))
    quantised(graph, "images", "x", 2**-4, 0, np.int8)
    graph.node("MatMul", ["x", stored_weights(graph, "w", (6, 5), np.float32(2**-6))], "product")
    graph.node("Add", ["product", graph.constant("term", 2.0**-10 * np.array([-3, 5, 0, 1, 2]))], "biased")
    inputs = [graph.constant("s", 2**-2), graph.constant("z", 0, np.int8)]
    graph.node("QuantizeLinear", ["biased", *inputs], "stored")
    graph.node(
        "Clip", ["stored", graph.constant("lo", -8, np.int8), graph.constant("hi", 7, np.int8)], "clipped"
    )
    graph.node("DequantizeLinear", ["clipped", *inputs], "a")
    graph.node("DequantizeLinear", ["stored", *inputs], "b")
    graph.node("DequantizeLinear", ["stored", *inputs], "c")
    graph.node("Add", ["b", "c"], "y")
    assert kinds(agreed(graph, "stored"))[-1] == "Add"


def test_factors_that_the_scale_takes_before_host_work_rename_the_output(new_graph, agreed):
    graph = new_graph((5,))
    graph.node("MatMul", [graph.quantised_input(), graph.weights("weight", (5, 3), scale=3.0)], "logits")
    graph.node("Div", ["logits", graph.constant("three", 3.0)], "scaled")
    graph.node("Softmax", ["scaled"], "y", axis=1)
    network = agreed(graph)
    assert (network.output_name, network.output.type.scale) == ("scaled", Dyadic(1, 4))
