"""What `Conv` does not take."""

from __future__ import annotations

import numpy as np
import pytest


def conv_then_quant(graph, **attributes):
    graph.conv("x", "conv", (3, 2, 3, 3), bias=np.zeros(3), **attributes)
    graph.quant("conv", "y", 2**-4)


@pytest.mark.parametrize(
    "attributes, start",
    [
        ({"auto_pad": "SAME"}, "attribute auto_pad: found 'SAME', supported: 'NOTSET' or 'VALID' or "),
        (
            {"auto_pad": "VALID", "pads": [1] * 4},
            "attribute pads: found (1, 1, 1, 1), supported: (0, 0, 0, 0); ",
        ),
        (
            {"auto_pad": "SAME_UPPER", "dilations": [1, 2]},
            "attribute dilations: found (1, 2), supported: (1, 1); ",
        ),
    ],
)
def test_automatic_padding(image_graph, refused, attributes, start):
    conv_then_quant(image_graph, **attributes)
    assert refused(image_graph).startswith(f"Conv 'conv': {start}")


def test_convolutions_of_vectors(vector_graph, refused):
    vector_graph.conv("x", "y", (3, 4, 1, 1), auto_pad="SAME_UPPER")
    assert refused(vector_graph).startswith("Conv 'y': input: found shape [N, 4], supported: a map; ")


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


def test_layers_without_a_quantiser_between(image_graph, refused):
    image_graph.conv("x", "first", (2, 2, 1, 1))
    image_graph.conv("first", "y", (2, 2, 1, 1))
    assert refused(image_graph).startswith(
        "Conv 'y': input 'first': found sums that are not quantised, supported: the output of a quantiser; "
    )
