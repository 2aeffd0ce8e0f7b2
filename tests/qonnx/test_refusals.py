"""What the importer does not take: one line that names the node, the field and what is supported."""

from __future__ import annotations

import numpy as np
import pytest

from twofold.errors import UserError

DOMAIN = "qonnx.custom_op.general"


@pytest.fixture
def refused(load):
    """Imports a graph that must be refused, returns the message without the path."""

    def message(graph, **options) -> str:
        with pytest.raises(UserError) as caught:
            load(graph, **options)
        text = str(caught.value)
        assert "\n" not in text
        return text.split(": ", 1)[1]

    return message


@pytest.fixture
def image_graph(new_graph):
    graph = new_graph((2, 4, 4))
    graph.quantised_input()
    return graph


@pytest.fixture
def vector_graph(new_graph):
    graph = new_graph((4,))
    graph.quantised_input()
    return graph


def conv_then_quant(graph, **attributes):
    graph.conv("x", "conv", (3, 2, 3, 3), bias=np.zeros(3), **attributes)
    graph.quant("conv", "y", 2**-4)


def test_an_unknown_operator(image_graph, refused):
    image_graph.node("LpPool", ["x"], "y", kernel_shape=[2, 2])
    assert refused(image_graph).startswith(
        "LpPool 'y': operator: found LpPool, supported: Add, ArgMax, AveragePool, BatchNormalization, "
    )


def test_a_core_operator_in_the_quantisation_domain(image_graph, refused):
    image_graph.node("Relu", ["x"], "y", DOMAIN)
    assert refused(image_graph).startswith(f"Relu 'y': operator: found {DOMAIN}.Relu, supported: ")


def test_an_unknown_attribute(image_graph, refused):
    conv_then_quant(image_graph, wobble=3)
    assert refused(image_graph) == (
        "Conv 'conv': attribute wobble: found 3, supported: auto_pad, dilations, kernel_shape, pads, "
        "strides, group; export the model without it"
    )


def test_automatic_padding(image_graph, refused):
    conv_then_quant(image_graph, auto_pad="SAME_UPPER")
    assert refused(image_graph) == (
        "Conv 'conv': attribute auto_pad: found 'SAME_UPPER', supported: 'NOTSET'; "
        "change the layer so that it is exported with a supported value"
    )


@pytest.mark.parametrize(
    "attributes, start",
    [
        ({"strides": [0, 1]}, "Conv 'conv': attribute strides: found 0, supported: '1 to 1048576'; "),
        ({"pads": [1, 1]}, "Conv 'conv': attribute pads: found [1, 1], supported: 4 integers; "),
        ({"pads": [1 << 40] * 4}, "Conv 'conv': attribute pads: found 1099511627776, supported: '0 to "),
        ({"pads": [1 << 19] * 4}, "Conv 'conv': output: found [3, 1048578, 1048578], supported: at most"),
        ({"group": "two"}, "Conv 'conv': attribute group: found b'two', supported: an integer; "),
        ({"group": 2}, "conv: weight: expected 2 input channels in 2 groups, found [3, 2]"),
        ({"kernel_shape": [3, 5]}, "Conv 'conv': attribute kernel_shape: found (3, 5), supported: (3, 3); "),
        ({"dilations": [9, 9]}, "conv: output: expected at least one window along each axis, found "),
    ],
)
def test_conv_attributes(image_graph, refused, attributes, start):
    conv_then_quant(image_graph, **attributes)
    assert refused(image_graph).startswith(start)


@pytest.mark.parametrize(
    "options, start",
    [
        (
            {"rounding_mode": "STOCHASTIC"},
            "attribute rounding_mode: found 'STOCHASTIC', supported: 'ROUND' or 'HALF_EVEN' or 'CEIL' or ",
        ),
        ({"signed": 2}, "attribute signed: found 2, supported: 0 or 1; "),
        ({"bits": 40}, "bit width: found 40, supported: 2 to 16; "),
        ({"bits": 7.5}, "bit width: found 7.5, supported: an integer; "),
        ({"bits": 1}, "bit width: found 1, supported: 2 to 16; "),
        ({"zero": 0.5}, "zero point: found 0.5, supported: an integer; "),
        ({"zero": 300}, "zero point: found 300, supported: a code in [-128, 127]; "),
        ({"scale": -0.5}, "scale: found -0.5, supported: a positive scale, 2^-100 to 2^100; "),
        ({"scale": float("nan")}, "scale: found NaN or infinity, supported: finite numbers; "),
        (
            {"scale": [[[0.5]], [[0.25]]]},
            "scale: found 2 different numbers, supported: one number for the whole ",
        ),
    ],
)
def test_quantisers(image_graph, refused, options, start):
    image_graph.quant("x", "y", **({"scale": 0.25} | options))
    assert refused(image_graph).startswith(f"Quant 'y': {start}")


def test_a_quantiser_without_a_required_attribute(image_graph, refused):
    image_graph.quant("x", "y", 0.25)
    del image_graph.nodes[-1].attribute[:]
    assert refused(image_graph).startswith("Quant 'y': attribute signed: found none, supported: an integer; ")


def test_a_quantiser_of_too_many_levels_for_thresholds(image_graph, refused):
    image_graph.conv("x", "conv", (3, 2, 3, 3), bias=np.full(3, 0.1))
    image_graph.quant("conv", "y", 2**-9, bits=12)
    assert refused(image_graph).startswith(
        "Quant 'y': scale: found a ratio of scales, a bias or a zero point that"
    )


def test_the_input_needs_a_quantiser(new_graph, refused):
    graph = new_graph((2, 4, 4))
    graph.node("GlobalAveragePool", ["images"], "y")
    assert refused(graph) == (
        "GlobalAveragePool 'y': input 'images': found the graph's float input, supported: quantised data; "
        "let the graph's input pass through a Quant node first"
    )


def test_the_input_has_one_quantiser(image_graph, refused):
    image_graph.quant("images", "again", 2**-3)
    image_graph.node("Add", ["x", "again"], "y")
    assert refused(image_graph).startswith(
        "Quant 'again': input: found a second quantiser of the graph's input"
    )


def test_float_weights(image_graph, refused):
    image_graph.constant("weight", np.ones((3, 2, 1, 1)))
    image_graph.node("Conv", ["x", "weight"], "y")
    assert refused(image_graph) == (
        "Conv 'y': weight: found plain numbers, supported: the output of a Quant node over a constant; "
        "quantise this layer's weights"
    )


def test_computed_weights(image_graph, refused):
    image_graph.node("Conv", ["x", "x"], "y")
    assert refused(image_graph).startswith(
        "Conv 'y': weight: found a computed tensor, supported: a constant; "
    )


def test_layers_without_a_quantiser_between(image_graph, refused):
    image_graph.conv("x", "first", (2, 2, 1, 1))
    image_graph.conv("first", "y", (2, 2, 1, 1))
    assert refused(image_graph).startswith(
        "Conv 'y': input 'first': found sums that are not quantised, supported: the output of a quantiser; "
    )


def test_weight_zero_points_and_scales(image_graph, refused):
    weight = image_graph.constant("float", np.ones((3, 2, 1, 1)))
    image_graph.node("Conv", ["x", image_graph.quant(weight, "weight", 0.5, 4, zero=1)], "y")
    assert refused(image_graph).startswith(
        "Quant 'weight': zero point: found 1, supported: 0 for constants; "
    )


def test_weight_scales_along_the_inputs(image_graph, refused):
    scale = np.array([0.5, 0.25]).reshape(1, 2, 1, 1)
    image_graph.conv("x", "y", (3, 2, 1, 1), scale=scale)
    assert refused(image_graph).startswith(
        "Conv 'y': weight scale: found shape [1, 2, 1, 1], supported: one scale,"
    )


def test_scales_that_would_grow_the_weights(image_graph, refused):
    weight = image_graph.constant("float", np.ones((3, 2, 1, 1)))
    image_graph.quant(weight, "weight", np.ones((3, 2, 1000, 1000)), 4)
    image_graph.node("Conv", ["x", "weight"], "y")
    assert refused(image_graph).startswith(
        "Quant 'weight': scale: found shape [3, 2, 1000, 1000], supported: one "
    )


def test_output_scales_of_each_channel(image_graph, refused):
    image_graph.conv("x", "y", (2, 2, 1, 1), scale=np.array([0.5, 0.25]).reshape(2, 1, 1, 1))
    assert refused(image_graph).startswith(
        "Conv 'y': graph output: found 2 scales, 0.015625 to 0.03125, supported: one positive scale for "
    )


def test_a_relu_at_the_output(image_graph, refused):
    image_graph.conv("x", "conv", (2, 2, 1, 1))
    image_graph.node("Relu", ["conv"], "y")
    assert refused(image_graph).startswith(
        "Relu 'y': graph output: found a Relu or Clip without a quantiser, "
    )


def test_a_bias_off_the_grid_at_the_output(image_graph, refused):
    image_graph.conv("x", "y", (2, 2, 1, 1), bias=[0.1, 0.2])
    assert refused(image_graph).startswith(
        "Conv 'y': graph output: found sums that float32 may round, by up to "
    )


def test_constants_as_output(image_graph, refused):
    image_graph.quant(image_graph.constant("c", np.ones(3)), "y", 0.5)
    assert refused(image_graph).startswith("Quant 'y': graph output: found no quantised data")


@pytest.mark.parametrize("shape", [(4,), (1, 4, 4), (2, 1, 4), (1, 1, 2, 1, 1)])
def test_constants_that_do_not_lie_along_the_channels(image_graph, refused, shape):
    image_graph.node("Mul", ["x", image_graph.constant("factor", np.ones(shape))], "scaled")
    image_graph.quant("scaled", "y", 0.5)
    assert refused(image_graph) == (
        f"Mul 'scaled': factor: found shape {list(shape)}, supported: a scalar or shape [1, 2, 1, 1]; "
        "use one value per channel"
    )


@pytest.mark.parametrize(
    "scale, start",
    [
        (
            3 * 2**-4,
            "Add 'y': scales: found 2^-4 and 3·2^-4, supported: scales that differ by a power of two",
        ),
        (
            2.0**40,
            "Add 'y': scales: found 2^-4 and 2^40, supported: scales that differ by a power of two up to ",
        ),
    ],
)
def test_additions_of_foreign_scales(image_graph, refused, scale, start):
    image_graph.quant("x", "other", scale)
    image_graph.node("Add", ["x", "other"], "y")
    assert refused(image_graph).startswith(start)


def test_additions_of_unquantised_branches(image_graph, refused):
    image_graph.conv("x", "conv", (2, 2, 1, 1))
    image_graph.node("Relu", ["conv"], "relu")
    image_graph.node("Add", ["x", "relu"], "y")
    assert refused(image_graph).startswith(
        "Add 'y': input 'relu': found sums after a Relu, or with their own scale"
    )


def test_additions_of_unequal_shapes(image_graph, refused):
    image_graph.node("GlobalAveragePool", ["x"], "average")
    image_graph.quant("average", "small", 2**-4)
    image_graph.node("Add", ["x", "small"], "y")
    assert refused(image_graph).startswith(
        "Add 'y': inputs: found shapes [2, 4, 4] and [2, 1, 1], supported: equal"
    )


@pytest.mark.parametrize(
    "kind, attributes, start",
    [
        ("MaxPool", {"kernel_shape": [2, 2], "ceil_mode": 1}, "attribute ceil_mode: found 1, supported: 0; "),
        (
            "MaxPool",
            {"kernel_shape": [2, 2], "dilations": [2, 2]},
            "attribute dilations: found (2, 2), supported: ",
        ),
        ("MaxPool", {}, "attribute kernel_shape: found none, supported: 2 integers; "),
        ("MaxPool", {"kernel_shape": [0, 2]}, "attribute kernel_shape: found 0, supported: "),
        (
            "AveragePool",
            {"kernel_shape": [2, 2], "pads": [1] * 4},
            "attribute pads: found (1, 1, 1, 1), supported: ",
        ),
        (
            "ReduceMean",
            {"axes": [1]},
            "axes: found [1], supported: [2, 3]; average over height and width only",
        ),
        ("Flatten", {"axis": 2}, "attribute axis: found 2, supported: 1; "),
        (
            "Squeeze",
            {"axes": [2]},
            "axes: found axes [2] of [N, 2, 4, 4], supported: axes [2, 3] of [N, C, 1, 1]; ",
        ),
        ("Transpose", {"perm": [0, 2, 3, 1]}, "input: found data, supported: a constant; "),
        ("Relu", {"consumed": 1}, "attribute consumed: found 1, supported: no attribute; "),
    ],
)
def test_attributes_of_other_nodes(image_graph, refused, kind, attributes, start):
    image_graph.node(kind, ["x"], "n", **attributes)
    image_graph.quant("n", "y", 0.5)
    assert refused(image_graph).startswith(f"{kind} 'n': {start}")


@pytest.mark.parametrize(
    "attributes, start",
    [
        ({"alpha": 0.5, "transB": 1}, "Gemm 'y': attribute alpha: found 0.5, supported: 1.0; "),
        ({"transA": 1, "transB": 1}, "Gemm 'y': attribute transA: found 1, supported: 0; "),
        ({}, "Gemm 'y': input: found shape [N, 4], supported: [N, 3], the weight's inputs; "),
    ],
)
def test_gemm(vector_graph, refused, attributes, start):
    vector_graph.node("Gemm", ["x", vector_graph.weights("weight", (3, 4))], "y", **attributes)
    assert refused(vector_graph).startswith(start)


def test_reshapes_that_move_the_batch(image_graph, refused):
    image_graph.node("Reshape", ["x", image_graph.constant("shape", [2, -1], np.int64)], "y")
    assert refused(image_graph).startswith(
        "Reshape 'y': shape: found [2, -1], supported: [0, -1] or another that"
    )


@pytest.mark.parametrize(
    "thresholds, attributes, start",
    [
        ([[0.2, 0.1]], {}, "thresholds: found a descent, supported: rows in ascending order; "),
        (
            [[0.1]] * 3,
            {},
            "thresholds: found shape [3, 1], supported: shape [2, T] or [1, T] with T from 1 to 4096; ",
        ),
        ([[np.inf]], {}, "thresholds: found NaN or infinity, supported: finite numbers; "),
        (
            [[0.1]],
            {"out_dtype": "BIPOLAR"},
            "attribute out_dtype: found 'BIPOLAR', supported: INT2 to INT16, UINT1",
        ),
        (
            [[0.1] * 4],
            {"out_dtype": "UINT2"},
            "attribute out_dtype: found UINT2, supported: a type that holds 0 to 4; ",
        ),
        ([[0.1]], {"out_scale": 0.5, "out_bias": 0.3}, "attribute out_bias: found 0.3"),
        ([[0.1]], {"out_scale": -1.0}, "attribute out_scale: found -1, supported: a positive scale, 2^-100 "),
        (
            [[0.1]],
            {"out_scale": 2.0**-90, "out_bias": 2.0**30},
            "attribute out_dtype: found UINT4, supported: ",
        ),
        ([[0.1]], {"data_layout": "NHWC"}, "attribute data_layout: found 'NHWC', supported: 'NCHW' or ''; "),
    ],
)
def test_multi_threshold(image_graph, refused, thresholds, attributes, start):
    image_graph.constant("t", thresholds)
    image_graph.node("MultiThreshold", ["x", "t"], "y", DOMAIN, **({"out_dtype": "UINT4"} | attributes))
    assert refused(image_graph).startswith(f"MultiThreshold 'y': {start}")


def test_tables_that_fill_the_memory(new_graph, refused):
    graph = new_graph((1 << 16,))
    graph.quantised_input()
    graph.node("MultiThreshold", ["x", graph.constant("t", [np.arange(99)])], "y", DOMAIN, out_dtype="UINT7")
    assert refused(graph).startswith("MultiThreshold 'y': thresholds: found 99 for each of 65536 channels, ")
    graph.quant("x", "y", 0.08)
    del graph.nodes[-2]
    assert refused(graph).startswith(
        "Quant 'y': thresholds: found 127 for each of 65536 channels, supported: "
    )
    wide = new_graph((1 << 17,))
    wide.quant(wide.quantised_input(), "y", 0.3)
    assert refused(wide).startswith("Quant 'y': input: found 131072 channels, supported: 65536 in all; ")


def test_descending_functions_of_shared_tensors(image_graph, refused):
    image_graph.node("Mul", ["x", image_graph.constant("factor", -1.0)], "turned")
    image_graph.quant("turned", "y", 0.5)
    assert refused(image_graph).startswith(
        "Quant 'y': input: found a negative scale in channel 0 after a layer"
    )


def test_scales_that_run_away(image_graph, refused):
    image_graph.constant("huge", 2.0**120)
    for index, source in enumerate(["x", "m0"]):
        image_graph.node("Mul", [source, "huge"], f"m{index}")
    image_graph.quant("m1", "y", 0.5)
    assert refused(image_graph).startswith(
        "Quant 'y': input: found numbers beyond float32, supported: finite "
    )


def test_dropout_in_training(image_graph, refused):
    ratio, training = image_graph.constant("ratio", 0.5), image_graph.constant("training", True, bool)
    image_graph.node("Dropout", ["x", ratio, training], "y")
    assert refused(image_graph).startswith("Dropout 'y': training mode: found True, supported: False; ")


def test_sums_beyond_exact_accumulation(new_graph, refused):
    graph = new_graph((1024,))
    graph.quantised_input(bits=16)
    graph.node("MatMul", ["x", graph.weights("weight", (1024, 1), bits=32)], "product")
    graph.node("Mul", ["product", graph.constant("factor", 0.5)], "y")
    assert refused(graph).startswith("product: accumulator: expected values up to 2^53, found up to ")
