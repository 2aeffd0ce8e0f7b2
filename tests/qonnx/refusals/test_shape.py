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
