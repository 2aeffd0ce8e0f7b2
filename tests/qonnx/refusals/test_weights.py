"""Weights without an exact integer meaning."""

from __future__ import annotations

import numpy as np


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
