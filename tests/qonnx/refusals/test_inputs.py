"""What the quantiser of the graph's input does not take."""

from __future__ import annotations


def test_the_input_needs_a_quantiser(new_graph, refused):
    graph = new_graph((2, 4, 4))
    graph.node("GlobalAveragePool", ["images"], "y")
    assert refused(graph) == (
        "GlobalAveragePool 'y': input 'images': found the graph's float input, supported: quantised data; "
        "let the graph's input pass through a Quant node first, as twofold declare puts one there"
    )


def test_the_input_has_one_quantiser(image_graph, refused):
    image_graph.quant("images", "again", 2**-3)
    image_graph.node("Add", ["x", "again"], "y")
    assert refused(image_graph).startswith(
        "Quant 'again': input: found a second quantiser of the graph's input"
    )
