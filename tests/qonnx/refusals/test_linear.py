"""What `Gemm` and `MatMul` do not take."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "attributes, start",
    [
        ({"alpha": 0.5, "transB": 1}, "Gemm 'y': attribute alpha: found 0.5, supported: 1.0; "),
        ({"transA": 1, "transB": 1}, "Gemm 'y': attribute transA: found 1, supported: 0; "),
        ({}, "Gemm 'y': input: found shape [N, 4], supported: [N, 3], the weight's inputs; "),
    ],
)
def test_gemm(vector_graph, refused, attributes, start):
    vector_graph.node("Gemm", ["x", vector_graph.weights("weight", (3, 4))], "y", **attributes)
    assert refused(vector_graph).startswith(start)


def test_sums_beyond_exact_accumulation(new_graph, refused):
    graph = new_graph((1024,))
    graph.quantised_input(bits=16)
    graph.node("MatMul", ["x", graph.weights("weight", (1024, 1), bits=32)], "product")
    graph.node("Mul", ["product", graph.constant("factor", 0.5)], "y")
    assert refused(graph).startswith("product: accumulator: expected values below 2^53, found up to ")
