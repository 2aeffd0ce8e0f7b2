"""Each handler: what it lowers to, and that the stock executor computes the same integers."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from twofold.errors import UserError
from twofold.network.dyadic import Dyadic
from twofold.network.ops import Add, Conv2d, Linear, MaxPool2d, Requantise, SumPool2d, Threshold
from twofold.network.ranges import value_ranges


def kinds(network):
    return [op.kind for op in network.ops]


def only(network, kind):
    (op,) = [op for op in network.ops if isinstance(op, kind)]
    return op


def test_conv_keeps_the_accumulator_s_name_scale_and_integer_bias(new_graph, agreed):
    graph = new_graph((2, 5, 5))
    graph.conv(
        graph.quantised_input(), "conv", (3, 2, 3, 3), bias=np.array([-7, 0, 9]) * 2.0**-9, pads=[1] * 4
    )
    graph.node("Relu", ["conv"], "relu")
    graph.quant("relu", "y", 2**-4, signed=0)
    network = agreed(graph, "conv", "y")
    assert kinds(network) == ["Conv2d", "Requantise"]
    assert network.tensors["conv"].type.scale == Dyadic(1, 9)
    assert only(network, Conv2d).bias.tolist() == [-7, 0, 9]
    assert only(network, Requantise).shift.tolist() == [5, 5, 5]


def test_conv_geometry(new_graph, agreed):
    graph = new_graph((4, 9, 8))
    graph.conv(
        graph.quantised_input(),
        "y",
        (6, 2, 3, 2),
        group=2,
        strides=[2, 1],
        dilations=[2, 3],
        pads=[1, 0, 2, 3],
        kernel_shape=[3, 2],
    )
    op = only(agreed(graph), Conv2d)
    assert (op.groups, op.stride, op.dilation, op.padding) == (2, (2, 1), (2, 3), (1, 0, 2, 3))


@pytest.mark.parametrize("way", ["VALID", "SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize("strides", [[1, 1], [2, 3]])
def test_automatic_padding(new_graph, agreed, way, strides):
    """Of maps of odd and even sizes, with a zero point, behind a Pad; then of a pool."""
    graph = new_graph((2, 9, 8))
    graph.quantised_input(zero=37)
    graph.node("Pad", ["x", graph.constant("pads", [0, 0, 1, 0, 0, 0, 0, 2], np.int64)], "padded")
    graph.conv("padded", "conv", (3, 2, 3, 4), auto_pad=way, strides=strides)
    graph.quant("conv", "codes", 2**-4)
    graph.node("MaxPool", ["codes"], "y", kernel_shape=[2, 3], strides=strides, auto_pad=way)
    agreed(graph, "conv", "codes", "y")


def test_automatic_padding_of_a_row(new_graph, agreed):
    graph = new_graph((2, 10))
    graph.conv(graph.quantised_input(zero=3), "y", (3, 2, 4), auto_pad="SAME_UPPER", strides=[3])
    assert only(agreed(graph, "y"), Conv2d).padding == (0, 1, 0, 2)


@pytest.mark.parametrize("pads", [[0] * 4, [1, 0, 1, 1]])
def test_sums_of_negative_scale_are_pooled(new_graph, agreed, pads):
    """As batch normalisation of negative gain before the pool leaves them."""
    graph = new_graph((2, 7, 6))
    graph.conv(graph.quantised_input(zero=9), "conv", (3, 2, 3, 3), bias=[0.25, -0.5, 0.125])
    factors = graph.constant("factors", [[[-1.3]], [[0.7]], [[0]]])
    graph.node("Mul", ["conv", factors], "scaled")
    graph.node("MaxPool", ["scaled"], "pool", kernel_shape=[2, 2], strides=[2, 2], pads=pads)
    graph.quant("pool", "y", 0.13)
    agreed(graph)


def test_asymmetric_input_pads_with_its_zero_point(new_graph, agreed):
    graph = new_graph((2, 4, 4))
    graph.conv(graph.quantised_input(zero=37), "conv", (3, 2, 3, 3), bias=np.zeros(3), pads=[1] * 4)
    graph.quant("conv", "y", 2**-4, zero=-6)
    network = agreed(graph, "conv", "y")
    op = only(network, Conv2d)
    assert op.bias.tolist() == (-37 * op.weight.sum(axis=(1, 2, 3))).tolist()
    assert only(network, Requantise).kind == "Requantise"


@pytest.mark.parametrize("zero", [-5, 7])
def test_an_odd_zero_point_rounds_its_ties_as_qonnx_does(new_graph, agreed, zero):
    graph = new_graph((1, 16, 16))
    graph.quantised_input()
    graph.quant("x", "y", 2**-3, bits=6, zero=zero)
    assert kinds(agreed(graph)) == ["Threshold"]


@pytest.mark.parametrize("mode", ["ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN"])
def test_weights_are_rounded_in_float32(new_graph, agreed, mode):
    """1/2 − 2^-25 plus 1/2 is 1 there, so that `HALF_UP` makes 1 of it."""
    graph = new_graph((1, 1, 8))
    below = np.nextafter(np.float32([0.5, -0.5, 1.5, 2.5]), np.float32(0))
    numbers = np.concatenate([below, np.float32([0.5, -0.5, 1.5, -2.5, 7.9, -9])])
    graph.constant("numbers", numbers[:, None, None, None])
    graph.quant("numbers", "weight", 1, bits=4, rounding_mode=mode)
    graph.node("Conv", [graph.quantised_input(), "weight"], "y")
    agreed(graph)


@pytest.mark.parametrize("mode", ["ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN"])
@pytest.mark.parametrize("zero", [0, 5])
def test_every_code_of_an_input_has_an_image(new_graph, agreed, mode, zero):
    """0.1 times a code, rounded, is not that code's end: a mode of one side may take it for the next one."""
    graph = new_graph((1, 16, 16))
    graph.quantised_input(scale=0.1, signed=1, zero=zero, rounding_mode=mode)
    graph.quant("x", "y", 0.4, bits=4)
    agreed(graph, "y", frames=9)


def test_narrow_ranges_clamp_one_code_earlier(new_graph, agreed):
    graph = new_graph((1, 8, 8))
    graph.quantised_input()
    graph.quant("x", "signed", 2**-5, bits=4, narrow=1)
    graph.quant("signed", "y", 2**-5, bits=3, narrow=1, signed=0)
    network = agreed(graph, "signed")
    assert [op.bounds for op in network.ops] == [(-7, 7), (0, 6)]


def test_weight_scales_of_each_channel_become_multipliers(new_graph, agreed):
    graph = new_graph((2, 4, 4))
    scale = np.array([3 * 2**-7, 2**-5, 5 * 2**-8]).reshape(3, 1, 1, 1)
    graph.conv(graph.quantised_input(), "conv", (3, 2, 3, 3), bias=scale.ravel() * 2**-4 * 6, scale=scale)
    graph.quant("conv", "y", 2**-4)
    network = agreed(graph, "y")
    op = only(network, Requantise)
    assert list(zip(op.multiplier.tolist(), op.shift.tolist(), strict=True)) == [(3, 7), (1, 5), (5, 8)]
    assert "conv" not in network.tensors
    assert only(network, Conv2d).bias.tolist() == [6, 6, 6]


def test_mul_becomes_multiplier_and_shift(new_graph, agreed):
    graph = new_graph((2, 4, 4))
    graph.conv(graph.quantised_input(bits=4), "conv", (3, 2, 3, 3), bias=np.zeros(3))
    graph.constant("factor", np.array([23 * 2**-4, 2**-2, 0]).reshape(1, 3, 1, 1))
    graph.node("Mul", ["conv", "factor"], "scaled")
    graph.quant("scaled", "y", 2**-5)
    op = only(agreed(graph, "conv", "y"), Requantise)
    assert list(zip(op.multiplier.tolist(), op.shift.tolist(), strict=True)) == [(23, 8), (1, 6), (0, 0)]


def test_a_negative_factor_turns_the_channel_s_weights_over(new_graph, agreed):
    graph = new_graph((2, 4, 4))
    graph.conv(graph.quantised_input(bits=4), "conv", (2, 2, 1, 1), bias=np.array([3, 5]) * 2.0**-9)
    graph.constant("factor", np.array([-0.5, 0.75]).reshape(1, 2, 1, 1))
    graph.node("Mul", ["factor", "conv"], "scaled")
    graph.quant("scaled", "y", 2**-5)
    assert only(agreed(graph, "y"), Conv2d).bias.tolist() == [-3, 5]


def test_an_added_bias_on_the_grid_goes_into_the_layer(new_graph, agreed):
    graph = new_graph((2, 4, 4))
    graph.conv(graph.quantised_input(bits=4), "conv", (2, 2, 1, 1))
    graph.constant("term", np.array([-4, 11]).reshape(2, 1, 1) * 2.0**-9)
    graph.node("Add", ["conv", "term"], "biased")
    graph.quant("biased", "y", 2**-5)
    network = agreed(graph, "y")
    assert kinds(network) == ["Conv2d", "Requantise"]
    assert only(network, Conv2d).bias.tolist() == [-4, 11]


def test_a_bias_off_the_grid_becomes_thresholds(new_graph, agreed):
    graph = new_graph((2, 4, 4))
    graph.conv(graph.quantised_input(bits=4), "conv", (2, 2, 1, 1), bias=[2**-10, -(2**-12)])
    graph.quant("conv", "y", 2**-6, bits=5)
    assert kinds(agreed(graph, "y")) == ["Conv2d", "Threshold"]


def test_a_shared_accumulator_is_left_alone(new_graph, agreed):
    graph = new_graph((2, 4, 4))
    graph.conv(graph.quantised_input(bits=4), "conv", (2, 2, 1, 1), bias=np.zeros(2))
    graph.constant("term", 3 * 2**-9)
    graph.node("Add", ["conv", "term"], "biased")
    graph.quant("biased", "left", 2**-5, bits=5)
    graph.quant("conv", "right", 2**-5, bits=5)
    graph.node("Add", ["left", "right"], "y")
    network = agreed(graph, "conv", "left", "right")
    assert kinds(network) == ["Conv2d", "Threshold", "Requantise", "Add"]


def test_thresholds_become_the_smallest_integers_that_reach_them(new_graph, agreed):
    graph = new_graph((2, 4, 4))
    graph.conv(graph.quantised_input(bits=4), "conv", (2, 2, 1, 1), bias=np.zeros(2))
    graph.constant("thresholds", [[-0.01, 0.0301, 2**-4], [0.0, 0.02, 0.04]])
    graph.node("MultiThreshold", ["conv", "thresholds"], "y", "qonnx.custom_op.general", out_dtype="UINT2")
    network = agreed(graph, "conv", "y")
    reals = np.array([[-0.01, 0.0301, 2**-4], [0.0, 0.02, 0.04]], np.float32).astype(np.float64)
    reached = value_ranges(network)["conv"]
    integers = np.clip(np.ceil(reals * 2**9).astype(int), reached.lo[:, None], reached.hi[:, None] + 1)
    assert only(network, Threshold).thresholds.tolist() == integers.tolist()


def test_equal_thresholds_become_jumps_in_the_levels(new_graph, agreed):
    graph = new_graph((1, 8, 8))
    graph.quantised_input()
    graph.node("Relu", ["x"], "relu")
    graph.constant("thresholds", [np.repeat([0.5, 1.0, 2.5, 3.0], [1, 1, 2, 4])])
    graph.node(
        "MultiThreshold",
        ["relu", "thresholds"],
        "y",
        "qonnx.custom_op.general",
        out_dtype="INT5",
        out_scale=0.25,
        out_bias=-0.75,
        data_layout="NCHW",
    )
    network = agreed(graph)
    op = only(network, Threshold)
    assert op.levels.tolist() == [-3, -2, -1, 1, 5]
    assert op.thresholds.tolist() == [[8, 16, 40, 48]]
    assert network.output.type.scale == Dyadic(1, 2)


def test_residual_add_shifts_the_coarser_operand(new_graph, agreed):
    graph = new_graph((2, 6, 6))
    graph.conv(graph.quantised_input(), "conv", (2, 2, 3, 3), bias=np.zeros(2), pads=[1] * 4)
    graph.quant("conv", "branch", 2**-2, bits=6)
    graph.node("Add", ["branch", "x"], "sum")
    graph.node("Relu", ["sum"], "relu")
    graph.quant("relu", "y", 2**-3, signed=0)
    network = agreed(graph, "branch", "sum")
    assert only(network, Add).shifts == (2, 0)


def test_residual_add_of_zero_points(new_graph, agreed):
    graph = new_graph((2, 4, 4))
    graph.quantised_input(zero=100)
    graph.quant("x", "branch", 2**-2, bits=6, zero=-4)
    graph.node("Add", ["branch", "x"], "sum")
    graph.quant("sum", "y", 2**-3, bits=7, zero=3)
    network = agreed(graph, "branch", "sum")
    assert network.tensors["sum"].type.zero_point == 100 - 4 * 4


def test_max_pool(new_graph, agreed):
    graph = new_graph((2, 7, 6))
    graph.quantised_input(zero=30)
    graph.node("MaxPool", ["x"], "y", kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 2, 1])
    op = only(agreed(graph), MaxPool2d)
    assert (op.kernel, op.stride, op.padding) == ((3, 2), (2, 1), (1, 0, 2, 1))


def test_max_pool_before_the_quantiser(new_graph, agreed):
    graph = new_graph((2, 6, 6))
    graph.conv(graph.quantised_input(), "conv", (3, 2, 3, 3), bias=np.zeros(3))
    graph.node("Relu", ["conv"], "relu")
    graph.node("MaxPool", ["relu"], "pool", kernel_shape=[2, 2], strides=[2, 2])
    graph.quant("pool", "y", 2**-4, signed=0)
    assert kinds(agreed(graph, "y")) == ["Conv2d", "MaxPool2d", "Requantise"]


@pytest.mark.parametrize("size", [4, 3])
def test_global_average_is_a_sum_and_an_exact_division(new_graph, agreed, size):
    graph = new_graph((3, size, size))
    graph.quantised_input(bits=6)
    graph.node("GlobalAveragePool", ["x"], "average")
    graph.quant("average", "y", 2**-5, signed=0)
    network = agreed(graph)
    assert kinds(network) == ["SumPool2d", "Requantise"]
    assert only(network, SumPool2d).kernel == (size, size)


def test_average_pool_of_windows(new_graph, agreed):
    graph = new_graph((3, 7, 6))
    graph.quantised_input(zero=9)
    graph.node("AveragePool", ["x"], "average", kernel_shape=[4, 2], strides=[3, 2])
    graph.quant("average", "y", 2**-4, signed=1)
    assert only(agreed(graph), SumPool2d).stride == (3, 2)


@pytest.mark.parametrize("keepdims", [0, 1])
def test_reduce_mean_over_the_map(new_graph, agreed, keepdims):
    graph = new_graph((3, 4, 4))
    graph.quantised_input()
    graph.node("ReduceMean", ["x"], "mean", axes=[-1, -2], keepdims=keepdims)
    graph.quant("mean", "y", 2**-4, signed=0)
    network = agreed(graph)
    assert network.output.shape == ((3, 1, 1) if keepdims else (3,))


@pytest.mark.parametrize("how", ["Flatten", "Reshape", "Reshape, allowzero", "Squeeze"])
def test_ways_to_a_vector(new_graph, agreed, how):
    graph = new_graph((6, 1, 1))
    source = graph.quantised_input()
    if how.startswith("Reshape"):
        graph.constant("shape", [1, -1], np.int64)
        graph.node("Reshape", [source, "shape"], "flat", **({"allowzero": 1} if "," in how else {}))
    elif how == "Squeeze":
        graph.constant("axes", [2, 3], np.int64)
        graph.node("Squeeze", [source, "axes"], "flat")
    else:
        graph.node("Flatten", [source], "flat")
    graph.node("Gemm", ["flat", graph.weights("weight", (4, 6))], "y", transB=1)
    assert kinds(agreed(graph, opset=14 if "," in how else 13)) == ["Flatten", "Linear"]


def test_flattened_sums_repeat_their_channel_s_factor(new_graph, agreed):
    graph = new_graph((2, 2, 3))
    graph.conv(graph.quantised_input(), "conv", (2, 2, 1, 1), bias=np.zeros(2))
    graph.constant("factor", np.array([0.5, 0.75]).reshape(2, 1, 1))
    graph.node("Mul", ["conv", "factor"], "scaled")
    graph.node("Flatten", ["scaled"], "flat")
    graph.quant("flat", "y", 2**-5)
    op = only(agreed(graph), Requantise)
    assert op.multiplier.tolist() == [1] * 6 + [3] * 6


@pytest.mark.parametrize("transposed", [0, 1])
def test_gemm_with_bias(new_graph, agreed, transposed):
    graph = new_graph((5,))
    weight = graph.weights("weight", (3, 5) if transposed else (5, 3))
    graph.constant("bias", np.array([1, -2, 3]) * 2.0**-9)
    graph.node("Gemm", [graph.quantised_input(), weight, "bias"], "y", transB=transposed)
    op = only(agreed(graph), Linear)
    assert op.weight.shape == (3, 5)
    assert op.bias.tolist() == [1, -2, 3]


def test_matmul_and_add_give_logits_of_the_output_s_name(new_graph, agreed):
    graph = new_graph((5,))
    graph.node("Transpose", [graph.weights("weight", (3, 5))], "turned", perm=[1, 0])
    graph.node("MatMul", [graph.quantised_input(), "turned"], "product")
    graph.node("Add", ["product", graph.constant("bias", np.array([1, -2, 3]) * 2.0**-9)], "y")
    network = agreed(graph)
    assert (kinds(network), network.output_name) == (["Linear"], "y")
    assert only(network, Linear).bias.tolist() == [1, -2, 3]


def test_one_factor_for_all_logits_goes_into_their_scale(new_graph, agreed):
    graph = new_graph((5,))
    graph.node("MatMul", [graph.quantised_input(), graph.weights("weight", (5, 3))], "product")
    graph.node("Mul", ["product", graph.constant("factor", 0.75)], "y")
    assert agreed(graph).output.type.scale == Dyadic(3, 11)


def test_identity_dropout_and_constant_nodes_vanish(new_graph, agreed):
    graph = new_graph((5,))
    graph.node("Identity", [graph.quantised_input()], "same")
    graph.node("Dropout", ["same"], "kept")
    value = graph.random.integers(-7, 8, (5, 3)).astype(np.float32)
    graph.node("Constant", [], "float", value=onnx.numpy_helper.from_array(value))
    graph.node("MatMul", ["kept", graph.quant("float", "weight", 1.0, 4)], "y")
    assert kinds(agreed(graph)) == ["Linear"]


def test_a_free_batch_and_unordered_nodes(new_graph, load):
    graph = new_graph((5,))
    graph.node("MatMul", [graph.quantised_input(), graph.weights("weight", (5, 3))], "y")
    graph.nodes.reverse()
    assert kinds(load(graph, batch="N")) == ["Linear"]


def test_unused_branches_leave_no_op(new_graph, load):
    graph = new_graph((5,))
    graph.node("MatMul", [graph.quantised_input(), graph.weights("weight", (5, 3))], "y")
    graph.quant("x", "nowhere", 2**-3)
    assert kinds(load(graph)) == ["Linear"]


def test_data_of_one_scale_is_joined_along_channels(new_graph, agreed):
    graph = new_graph((3, 4, 5))
    graph.conv(graph.quantised_input(), "conv", (7, 3, 1, 1))
    graph.quant("conv", "few", 2**-4, bits=4, signed=0)
    graph.node("Concat", ["x", "few"], "more", axis=1)
    graph.node("Concat", ["few", "more", "more"], "y", axis=-3)
    network = agreed(graph, "more", "y")
    assert kinds(network) == ["Conv2d", "Requantise", "Concat", "Concat"]
    assert (network.output.shape, network.output.type.bits) == ((27, 4, 5), 8)


def test_vectors_are_joined(new_graph, agreed):
    graph = new_graph((5,))
    graph.node("Concat", [graph.quantised_input(), "x"], "twice", axis=1)
    graph.node("MatMul", ["twice", graph.weights("w", (10, 3))], "y")
    assert kinds(agreed(graph)) == ["Concat", "Linear"]


@pytest.mark.parametrize(
    ("axis", "scale", "refusal"),
    [
        (2, 2**-4, "Concat 'y': attribute axis: found 2, supported: 1 or -3"),
        (1, 2**-3, "Concat 'y': inputs: found .*, supported: one scale, zero point and sign for all"),
    ],
)
def test_what_cannot_be_joined_is_refused(new_graph, load, axis, scale, refusal):
    graph = new_graph((3, 4, 4))
    graph.quant(graph.quantised_input(), "other", scale, signed=0)
    graph.node("Concat", ["x", "other"], "y", axis=axis)
    with pytest.raises(UserError, match=refusal):
        load(graph)


@pytest.mark.parametrize(("way", "nearest"), [("asymmetric", "floor"), ("half_pixel", "round_prefer_floor")])
def test_maps_are_upsampled_by_two(new_graph, agreed, way, nearest):
    graph = new_graph((2, 3, 4))
    inputs = [graph.quantised_input(zero=5), "", graph.constant("scales", [1, 1, 2, 2])]
    attributes = {"coordinate_transformation_mode": way, "nearest_mode": nearest}
    graph.node("Resize", inputs, "y", mode="nearest", **attributes)
    assert kinds(agreed(graph)) == ["Upsample2d"]


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"mode": "linear"}, "Resize 'y': attribute mode: found 'linear', supported: 'nearest'"),
        ({"nearest_mode": "ceil"}, "Resize 'y': attribute coordinate_transformation_mode, nearest_mode"),
        (
            {"scales": [1, 1, 2, 3]},
            r"Resize 'y': scales: found \[1.0, 1.0, 2.0, 3.0\], supported",
        ),
    ],
)
def test_other_ways_to_resize_are_refused(new_graph, load, changed, refusal):
    graph = new_graph((2, 3, 4))
    scales = graph.constant("scales", changed.pop("scales", [1, 1, 2, 2]))
    graph.node("Resize", [graph.quantised_input(), "", scales], "y", **({"mode": "nearest"} | changed))
    with pytest.raises(UserError, match=refusal):
        load(graph)
