"""Operators and attributes outside the importer's tables."""

from __future__ import annotations

DOMAIN = "qonnx.custom_op.general"


def test_an_unknown_operator(image_graph, refused):
    image_graph.node("LpPool", ["x"], "y", kernel_shape=[2, 2])
    assert refused(image_graph).startswith(
        "LpPool 'y': operator: found LpPool, supported: Add, ArgMax, AveragePool, BatchNormalization, "
    )


def test_a_core_operator_in_the_quantisation_domain(image_graph, refused):
    image_graph.node("Relu", ["x"], "y", DOMAIN)
    assert refused(image_graph).startswith(f"Relu 'y': operator: found {DOMAIN}.Relu, supported: ")


def test_an_unknown_attribute(image_graph, refused):
    image_graph.conv("x", "conv", (3, 2, 3, 3), wobble=3)
    image_graph.quant("conv", "y", 2**-4)
    assert refused(image_graph) == (
        "Conv 'conv': attribute wobble: found 3, supported: auto_pad, dilations, kernel_shape, pads, "
        "strides, group; export the model without it"
    )


def test_an_attribute_of_an_operator_without_any(image_graph, refused):
    image_graph.node("Relu", ["x"], "y", consumed=1)
    assert refused(image_graph).startswith("Relu 'y': attribute consumed: found 1, supported: no attribute; ")
