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


def test_quantised_constants_in_the_place_of_data(vector_graph, refused):
    vector_graph.weights("weight", (4, 3))
    vector_graph.node("Flatten", ["weight"], "y")
    assert refused(vector_graph) == (
        "Flatten 'y': input 'weight': found a quantised constant, supported: quantised data; put the node "
        "before the constant's quantiser"
    )


def test_what_a_host_computes_in_the_place_of_data(vector_graph, refused):
    vector_graph.node("MatMul", ["x", vector_graph.weights("weight", (4, 3))], "sums")
    vector_graph.node("Softmax", ["sums"], "shares", axis=-1)
    vector_graph.quant("shares", "y", 0.5)
    assert refused(vector_graph) == (
        "Quant 'y': input 'shares': found what a host computes, supported: quantised data; leave it to the "
        "end of the graph"
    )
