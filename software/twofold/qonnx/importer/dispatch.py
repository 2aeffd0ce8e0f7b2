"""Which operators the importer takes, with which attributes; docs/network.md is made of these tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from twofold.qonnx.dialect import QUANT_DOMAINS
from twofold.qonnx.importer.handlers import (
    arithmetic,
    concat,
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
    upsample,
)
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Value

Handler = Callable[[Walk, Node], Value]


@dataclass(frozen=True)
class Operator:
    """supported: in words, for the documentation. attributes: names that the handler understands."""

    handler: Handler
    supported: str
    attributes: tuple[str, ...] = ()

    def __call__(self, walk: Walk, node: Node) -> Value:
        """Refuses attributes that the handler does not understand, so that none is passed over."""
        for name in node.attributes:
            if name not in self.attributes:
                raise node.refuse(
                    f"attribute {name}",
                    repr(node.attributes[name]),
                    ", ".join(self.attributes) or "no attribute",
                    "export the model without it",
                )
        return self.handler(walk, node)


_WINDOW = ("auto_pad", "dilations", "kernel_shape", "pads", "strides")
_CHANNEL = "a constant for each channel, or one for all"

CORE: Mapping[str, Operator] = MappingProxyType(
    {
        "Add": Operator(
            elementwise.add,
            f"{_CHANNEL}; two tensors of equal shape, followed by a quantiser unless their scales differ by "
            "a power of two and float32 rounds no sum",
        ),
        "ArgMax": Operator(
            host.argmax, "of the output, on the host", ("axis", "keepdims", "select_last_index")
        ),
        "AveragePool": Operator(
            pool.average_pool,
            "no padding, `ceil_mode` 0, dilations 1; followed by a quantiser",
            (*_WINDOW, "ceil_mode", "count_include_pad"),
        ),
        "BatchNormalization": Operator(
            elementwise.batch_normalisation,
            "in inference; `spatial` 1, `training_mode` 0",
            ("epsilon", "momentum", "training_mode", "spatial"),
        ),
        "Cast": Operator(arithmetic.cast, "of constants, to float32 or int64", ("to", "saturate")),
        "Clip": Operator(
            elementwise.clip,
            "constants, data before a quantiser, or integers between QuantizeLinear and DequantizeLinear; "
            "bounds also as inputs",
            ("min", "max"),
        ),
        "Concat": Operator(
            concat.concat,
            "of quantised data along channels, with one scale, zero point and sign; of constant vectors",
            ("axis",),
        ),
        "Constant": Operator(
            shape.constant,
            "a tensor or numbers",
            ("value", "value_float", "value_floats", "value_int", "value_ints"),
        ),
        "Conv": Operator(
            conv.conv,
            "one or two dimensions, grouped, dilated; quantised data and weights, constant bias; "
            "any `auto_pad`, SAME without dilations",
            (*_WINDOW, "group"),
        ),
        "DequantizeLinear": Operator(
            linear_quant.dequantize_linear,
            "of QuantizeLinear's integers with its scale and zero point, or of a constant with one scale or "
            "one along `axis`",
            ("axis", "block_size", "output_dtype"),
        ),
        "Div": Operator(elementwise.div, f"data by {_CHANNEL}, none of them 0"),
        "Dropout": Operator(shape.dropout, "outside training", ("ratio", "seed")),
        "Flatten": Operator(shape.flatten, "axis 1", ("axis",)),
        "Gather": Operator(arithmetic.gather, "of a constant vector, such as a shape", ("axis",)),
        "Gemm": Operator(
            linear.gemm,
            "quantised data and weights; `alpha` = `beta` = 1, `transA` = 0",
            ("alpha", "beta", "transA", "transB"),
        ),
        "GlobalAveragePool": Operator(pool.global_average_pool, "followed by a quantiser"),
        "Identity": Operator(shape.identity, "anything"),
        "LogSoftmax": Operator(host.softmax, "of the output, on the host", ("axis",)),
        "MatMul": Operator(linear.matmul, "data [N, C], quantised weights [C, O]"),
        "MaxPool": Operator(
            pool.max_pool,
            "`ceil_mode` 0, `storage_order` 0, dilations 1; any `auto_pad`",
            (*_WINDOW, "ceil_mode", "storage_order"),
        ),
        "Mul": Operator(elementwise.mul, _CHANNEL),
        "Pad": Operator(
            padding.pad,
            "zeros around height and width, before a Conv; pads also as an input",
            ("mode", "pads", "value"),
        ),
        "Pow": Operator(arithmetic.power, "of constants"),
        "QuantizeLinear": Operator(
            linear_quant.quantize_linear,
            "8 or 16 bits; data with one scale, constants with one or one along `axis`",
            ("axis", "saturate", "block_size", "output_dtype"),
        ),
        "ReduceMean": Operator(
            pool.reduce_mean,
            "over height and width; axes also as an input; followed by a quantiser",
            ("axes", "keepdims", "noop_with_empty_axes"),
        ),
        "Relu": Operator(elementwise.relu, "followed by a quantiser, unless the data cannot be negative"),
        "Reshape": Operator(
            shape.reshape,
            "to [N, C·H·W]; with axes of one element moved, as [N, H, W, 1] to [N, 1, H, W]; constants to "
            "any shape, quantised ones if they have one scale",
            ("allowzero",),
        ),
        "Resize": Operator(
            upsample.resize,
            "of quantised maps by two, to the nearest pixel: asymmetric and floor, or half pixels",
            ("coordinate_transformation_mode", "mode", "nearest_mode", "cubic_coeff_a"),
        ),
        "Shape": Operator(arithmetic.shape_of, "of anything"),
        "Sigmoid": Operator(host.sigmoid, "of the output, on the host"),
        "Softmax": Operator(host.softmax, "of the output, on the host", ("axis",)),
        "Sqrt": Operator(arithmetic.sqrt, "of constants"),
        "Squeeze": Operator(
            shape.squeeze, "[N, C, 1, 1] to [N, C]; constants as specified; axes also as an input", ("axes",)
        ),
        "Sub": Operator(elementwise.sub, f"data and {_CHANNEL}, either from the other"),
        "Transpose": Operator(
            shape.transpose,
            "of constants; of data, the batch first, such as [N, C, H, W] to [N, H, W, C]: quantisers, "
            "factors, terms, clamps, additions, Concat, Reshape, Flatten, ReduceMean, Squeeze, Gemm, MatMul "
            "take any order, other nodes [N, C, H, W] only",
            ("perm",),
        ),
        "Unsqueeze": Operator(arithmetic.unsqueeze, "of constants; axes also as an input", ("axes",)),
    }
)
QUANTISATION: Mapping[str, Operator] = MappingProxyType(
    {
        "BipolarQuant": Operator(quant.bipolar, "data with one scale; constants with one or one a channel"),
        "MultiThreshold": Operator(
            multithreshold.multi_threshold,
            "`BIPOLAR`, `INT2` to `INT16`, `UINT1` to `UINT16`; thresholds [C, T] or [1, T], ascending, T up "
            "to 4096; `out_bias` a multiple of half of `out_scale`; layout NCHW, NCW or NC, or NHWC or NWC "
            "behind a Transpose",
            ("out_dtype", "out_scale", "out_bias", "data_layout"),
        ),
        "Quant": Operator(
            quant.quant,
            "all rounding modes; data 1 to 16 bits (signed from 2), constants up to 32; scale and zero point "
            "of data one for the tensor, or a scale for each channel before a depthwise Conv; of constants "
            "zero point 0 and one scale for each tensor or output channel",
            ("signed", "narrow", "rounding_mode"),
        ),
        "Trunc": Operator(
            quant.trunc,
            "versions 1 (5 inputs) and 2 (6 inputs); zero point 0, whole bits; of version 1, which does not "
            "clamp, codes within their width",
            ("rounding_mode", "signed", "narrow"),
        ),
    }
)


def operator_of(node: Node) -> Operator:
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
