"""Data whose axes the graph has in another order than a node can take."""

from __future__ import annotations

import pytest

MESSAGE = (
    "input 'last': found data in the order [N, H, W, C], supported: [N, C, H, W]; "
    "transpose it back before this node"
)


def last(graph) -> None:
    """`last`: what a pool gives, its channels last."""
    graph.node("MaxPool", ["x"], "first", kernel_shape=[2, 2])
    graph.node("Transpose", ["first"], "last", perm=[0, 2, 3, 1])


@pytest.mark.parametrize(
    "kind, attributes",
    [("MaxPool", {"kernel_shape": [2, 2]}), ("GlobalAveragePool", {}), ("Resize", {})],
)
def test_windows_need_the_network_s_order(image_graph, refused, kind, attributes):
    last(image_graph)
    image_graph.node(kind, ["last"], "n", **attributes)
    image_graph.quant("n", "y", 0.5)
    assert refused(image_graph) == f"{kind} 'n': {MESSAGE}"


def test_a_convolution_of_channels_that_are_last(image_graph, refused):
    last(image_graph)
    image_graph.conv("last", "y", (3, 2, 3, 3))
    assert refused(image_graph) == f"Conv 'y': {MESSAGE}"


def test_additions_of_different_orders(image_graph, refused):
    last(image_graph)
    image_graph.node("Add", ["first", "last"], "y")
    assert refused(image_graph) == f"Add 'y': {MESSAGE}"


def test_transpositions_of_the_batch(image_graph, refused):
    image_graph.node("Transpose", ["x"], "turned")
    image_graph.quant("turned", "y", 0.5)
    assert refused(image_graph).startswith(
        "Transpose 'turned': attribute perm: found [3, 2, 1, 0], supported: 'an order of the axes 1 to 3 "
    )


def test_vectors_that_leave_in_another_order(image_graph, refused):
    last(image_graph)
    image_graph.node("Flatten", ["last"], "y")
    assert refused(image_graph).startswith(
        "Flatten 'y': graph output: found the vector of a map [N, H, W, C], supported: one in the network's "
    )
