"""What cannot leave the graph."""

from __future__ import annotations

import numpy as np


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


def test_integers_as_output(image_graph, refused):
    constants = [image_graph.constant("scale", 0.5), image_graph.constant("zero", 0, np.int8)]
    image_graph.node("QuantizeLinear", ["x", *constants], "y")
    assert refused(image_graph).startswith(
        "QuantizeLinear 'y': graph output: found integers that no DequantizeLinear has read, supported: real "
        "numbers; end the graph with a DequantizeLinear node"
    )


def test_constants_as_output(image_graph, refused):
    image_graph.quant(image_graph.constant("c", np.ones(3)), "y", 0.5)
    assert refused(image_graph).startswith("Quant 'y': graph output: found no quantised data")
