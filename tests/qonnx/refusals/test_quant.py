"""What `Quant` does not take, and sums that no code can stand for."""

from __future__ import annotations

import re

import numpy as np
import pytest


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
            "graph output: found a scale for each channel, supported: one scale; quantise per tensor",
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


def test_truncations_that_the_first_version_does_not_clamp(image_graph, refused):
    image_graph.conv("x", "conv", (3, 2, 3, 3))
    numbers = {"scale": 2**-9, "zero": 0, "in": 8, "out": 4}
    inputs = [image_graph.constant(name, number) for name, number in numbers.items()]
    image_graph.node("Trunc", ["conv", *inputs], "y", "qonnx.custom_op.general", rounding_mode="FLOOR")
    assert re.match(
        r"Trunc 'y': bit width: found codes from -\d{3} to \d{3}, supported: -8 to 7, ", refused(image_graph)
    )
