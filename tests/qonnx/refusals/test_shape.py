"""What `Flatten`, `Reshape`, `Squeeze`, `Transpose` and `Dropout` do not take."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.mark.parametrize(
    "kind, attributes, start",
    [
        ("Flatten", {"axis": 2}, "attribute axis: found 2, supported: 1; "),
        (
            "Squeeze",
            {"axes": [2]},
            "axes: found axes [2] of [N, 2, 4, 4], supported: axes [2, 3] of [N, C, 1, 1]; ",
        ),
    ],
)
def test_attributes(image_graph, refused, kind, attributes, start):
    image_graph.node(kind, ["x"], "n", **attributes)
    image_graph.quant("n", "y", 0.5)
    assert refused(image_graph).startswith(f"{kind} 'n': {start}")


def test_reshapes_that_move_the_batch(image_graph, refused):
    image_graph.node("Reshape", ["x", image_graph.constant("shape", [2, -1], np.int64)], "y")
    assert refused(image_graph).startswith(
        "Reshape 'y': shape: found [2, -1], supported: [0, -1] or another that"
    )


def test_dropout_in_training(image_graph, refused):
    ratio, training = image_graph.constant("ratio", 0.5), image_graph.constant("training", True, bool)
    image_graph.node("Dropout", ["x", ratio, training], "y")
    assert refused(image_graph).startswith("Dropout 'y': training mode: found True, supported: False; ")


def test_a_squeezed_constant_on_another_axis(new_graph, refused):
    """Without axes a Squeeze removes all of one element, so that [1, 4, 1, 1] lies along the columns."""
    graph = new_graph((4, 4, 4))
    graph.conv(graph.quantised_input(), "conv", (4, 4, 1, 1))
    graph.node("Squeeze", [graph.constant("factors", np.full((1, 4, 1, 1), 0.5))], "row")
    graph.quant(graph.node("Mul", ["conv", "row"], "scaled"), "y", 0.5)
    assert refused(graph).startswith("Mul 'scaled': factor: found shape [4], supported: a scalar or shape ")


@pytest.mark.parametrize(
    "axes, start",
    [
        ([0, -3], "axes: found [0, -3], supported: each axis once; "),
        ([0, 4], "axes: found [0, 4], supported: integers from -3 to 2; "),
        (range(20), "axes: found 21 dimensions, supported: up to 16; "),
    ],
)
def test_axes_of_constants(image_graph, refused, axes, start):
    constants = [image_graph.constant("terms", [1, 2]), image_graph.constant("axes", axes, np.int64)]
    image_graph.quant(
        image_graph.node("Add", ["x", image_graph.node("Unsqueeze", constants, "n")], "s"), "y", 1
    )
    assert refused(image_graph).startswith(f"Unsqueeze 'n': {start}")


def test_reshaped_weights_of_a_scale_each(vector_graph, refused):
    vector_graph.weights("stored", (4, 3, 1), scale=np.array([[[0.5], [0.25], [1]]]))
    vector_graph.node("Reshape", ["stored", vector_graph.constant("shape", [4, 3], np.int64)], "weight")
    vector_graph.node("MatMul", ["x", "weight"], "y")
    assert refused(vector_graph).startswith("Reshape 'weight': input 'stored': found a quantised constant, ")
