"""Constants and additions that are not taken."""

from __future__ import annotations

import numpy as np
import pytest


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
            0.3,
            "Add 'y': graph output: found sums that float32 may round, by up to ",
        ),
        (
            2.0**40,
            "Add 'y': scales: found 2^-4 and 2^40, supported: a ratio of two numbers up to 65535, or a ",
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
