"""What `MultiThreshold` does not take."""

from __future__ import annotations

import numpy as np
import pytest

DOMAIN = "qonnx.custom_op.general"


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
            {"out_dtype": "TERNARY"},
            "attribute out_dtype: found 'TERNARY', supported: BIPOLAR, INT2 to INT16, UINT1",
        ),
        (
            [[0.1] * 4],
            {"out_dtype": "UINT2"},
            "attribute out_dtype: found UINT2, supported: a type that holds 0 to 4; ",
        ),
        ([[0.1]], {"out_scale": 0.5, "out_bias": 0.3}, "attribute out_bias: found 0.3"),
        (
            [[0.1] * 2],
            {"out_dtype": "BIPOLAR", "out_scale": 2.0, "out_bias": -1.0},
            "attribute out_dtype: found BIPOLAR, supported: a type that holds -1 to 3; ",
        ),
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
