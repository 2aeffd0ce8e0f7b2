"""Which handler takes which operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from twofold.qonnx.importer.handlers import (
    arithmetic,
    conv,
    elementwise,
    host,
    linear,
    linear_quant,
    multithreshold,
    padding,
    pool,
    quant,
    shape,
)
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Value
from twofold.qonnx.read import QUANT_DOMAINS

Handler = Callable[[Walk, Node], Value]

CORE: Mapping[str, Handler] = MappingProxyType(
    {
        "Add": elementwise.add,
        "ArgMax": host.argmax,
        "AveragePool": pool.average_pool,
        "BatchNormalization": elementwise.batch_normalisation,
        "Cast": arithmetic.cast,
        "Clip": elementwise.clip,
        "Concat": arithmetic.concat,
        "Constant": shape.constant,
        "Conv": conv.conv,
        "DequantizeLinear": linear_quant.dequantize_linear,
        "Div": elementwise.div,
        "Dropout": shape.dropout,
        "Flatten": shape.flatten,
        "Gather": arithmetic.gather,
        "Gemm": linear.gemm,
        "GlobalAveragePool": pool.global_average_pool,
        "Identity": shape.identity,
        "LogSoftmax": host.softmax,
        "MatMul": linear.matmul,
        "MaxPool": pool.max_pool,
        "Mul": elementwise.mul,
        "Pad": padding.pad,
        "Pow": arithmetic.power,
        "QuantizeLinear": linear_quant.quantize_linear,
        "ReduceMean": pool.reduce_mean,
        "Relu": elementwise.relu,
        "Reshape": shape.reshape,
        "Shape": arithmetic.shape_of,
        "Softmax": host.softmax,
        "Sqrt": arithmetic.sqrt,
        "Squeeze": shape.squeeze,
        "Sub": elementwise.sub,
        "Transpose": shape.transpose,
        "Unsqueeze": arithmetic.unsqueeze,
    }
)
QUANTISATION: Mapping[str, Handler] = MappingProxyType(
    {
        "BipolarQuant": quant.bipolar,
        "MultiThreshold": multithreshold.multi_threshold,
        "Quant": quant.quant,
        "Trunc": quant.trunc,
    }
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
