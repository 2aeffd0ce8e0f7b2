"""Domains of older exporters."""

from __future__ import annotations

import onnx
import pytest

from twofold.errors import UserError
from twofold.qonnx.dialect import OLD_DOMAINS
from twofold.qonnx.importer.load import import_model


@pytest.mark.parametrize("domain", [*OLD_DOMAINS, "", "ai.onnx"])
def test_quantisers_of_other_domains_are_todays(new_graph, agreed, domain: str) -> None:
    graph = new_graph((4,))
    graph.node("MatMul", [graph.quantised_input(), graph.weights("weight", (4, 3))], "y")
    expected = agreed(graph)
    for node in graph.nodes:
        if node.op_type == "Quant":
            node.domain = domain
    network = agreed(graph)
    assert network.tensors.keys() == expected.tensors.keys()


@pytest.mark.parametrize("domain", ["qonnx.custom_op.general", ""])
def test_int_quant_is_quant(new_graph, agreed, domain: str) -> None:
    graph = new_graph((4,))
    graph.node("MatMul", [graph.quantised_input(), graph.weights("weight", (4, 3))], "y")
    for node in graph.nodes:
        if node.op_type == "Quant":
            node.op_type, node.domain = "IntQuant", domain
    assert [op.kind for op in agreed(graph).ops] == ["Linear"]


def test_other_operators_of_old_domains_are_refused(new_graph, tmp_path) -> None:
    graph = new_graph((4,))
    graph.node("StreamingFIFO", [graph.quantised_input()], "y", "finn.custom_op.general")
    path = tmp_path / "model.onnx"
    onnx.save(graph.model(), path)
    with pytest.raises(UserError, match=r"operator: found qonnx\.custom_op\.general\.StreamingFIFO"):
        import_model(path)
