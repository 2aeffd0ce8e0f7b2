"""Which handler takes which operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from twofold.qonnx.importer.handlers import conv, elementwise, linear, multithreshold, pool, quant, shape
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Value
from twofold.qonnx.read import QUANT_DOMAINS

Handler = Callable[[Walk, Node], Value]

CORE: Mapping[str, Handler] = MappingProxyType(
    {
        "Add": elementwise.add,
        "AveragePool": pool.average_pool,
        "Constant": shape.constant,
        "Conv": conv.conv,
        "Dropout": shape.dropout,
        "Flatten": shape.flatten,
        "Gemm": linear.gemm,
        "GlobalAveragePool": pool.global_average_pool,
        "Identity": shape.identity,
        "MatMul": linear.matmul,
        "MaxPool": pool.max_pool,
        "Mul": elementwise.mul,
        "ReduceMean": pool.reduce_mean,
        "Relu": elementwise.relu,
        "Reshape": shape.reshape,
        "Squeeze": shape.squeeze,
        "Transpose": shape.transpose,
    }
)
QUANTISATION: Mapping[str, Handler] = MappingProxyType(
    {"MultiThreshold": multithreshold.multi_threshold, "Quant": quant.quant}
)


def handler_of(node: Node) -> Handler:
    """Raises RefusalError for operators that are not in the tables."""
    table = QUANTISATION if node.domain in QUANT_DOMAINS else CORE
    if node.op_type not in table:
        raise node.refuse(
            "operator",
            f"{node.domain}.{node.op_type}" if node.domain else node.op_type,
            ", ".join(sorted([*CORE, *QUANTISATION])),
            "replace the layer by supported ones before export",
        )
    return table[node.op_type]
