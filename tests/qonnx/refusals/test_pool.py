"""What pools do not take."""

from __future__ import annotations

import pytest


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
    ],
)
def test_attributes(image_graph, refused, kind, attributes, start):
    image_graph.node(kind, ["x"], "n", **attributes)
    image_graph.quant("n", "y", 0.5)
    assert refused(image_graph).startswith(f"{kind} 'n': {start}")
