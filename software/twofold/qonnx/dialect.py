"""Other exporters' ways of writing QONNX, made this package's."""

from __future__ import annotations

import onnx

CORE_DOMAINS = ("", "ai.onnx")
QUANT_DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas")
OLD_DOMAINS = ("finn.custom_op.general", "finn", "qonnx")
_QUANTISERS = ("BipolarQuant", "IntQuant", "MultiThreshold", "Quant", "Trunc")


def is_known(domain: str) -> bool:
    """True for ONNX's own domain and those that quantisers have or once had."""
    return domain in CORE_DOMAINS + QUANT_DOMAINS + OLD_DOMAINS


def modernise(model: onnx.ModelProto) -> None:
    """Puts quantisers of old domains, and of none, into QONNX's, and calls `IntQuant` `Quant`, which are one
    operator; changes `model`.

    QKeras's converter wrote `finn.custom_op.general` and `qonnx`, early Brevitas no domain at all.
    """
    renamed = False
    for node in model.graph.node:
        if node.domain in OLD_DOMAINS or (node.domain in CORE_DOMAINS and node.op_type in _QUANTISERS):
            node.domain, renamed = QUANT_DOMAINS[0], True
        if node.domain in QUANT_DOMAINS and node.op_type == "IntQuant":
            node.op_type = "Quant"
    if renamed and all(entry.domain != QUANT_DOMAINS[0] for entry in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid(QUANT_DOMAINS[0], 1))
