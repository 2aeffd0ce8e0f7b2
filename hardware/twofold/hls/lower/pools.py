"""Pooling and flattening of feature maps."""

from __future__ import annotations

from twofold.hls.lower.padding import padded
from twofold.hls.lower.state import Lowering, map_sizes, pads, strides
from twofold.hls.spec import LayerSpec
from twofold.network.ops import Flatten, MaxPool2d, SumPool2d


def lower_max_pool(op: MaxPool2d, state: Lowering) -> list[LayerSpec]:
    type_ = state.result_type(op)
    padding, inputs, shape = padded(op, state.operand(op).type.lo, state)
    attributes = (
        map_sizes(shape, "in")
        | map_sizes(state.network.result(op).shape, "out")
        | strides(op.stride)
        | pads((0, 0, 0, 0))
        | {"pool_height": int(op.kernel[0]), "pool_width": int(op.kernel[1])}
        | {"n_filt": int(shape[0]), "data_format": "channels_last"}
    )
    return [
        *padding,
        LayerSpec(
            state.name(op),
            "MaxPooling2D",
            inputs,
            {"result": type_, "accum": type_},
            attributes,
            tensor=op.output,
        ),
    ]


def lower_sum_pool(op: SumPool2d, state: Lowering) -> list[LayerSpec]:
    shape = state.operand(op).shape
    attributes = (
        map_sizes(shape, "in")
        | map_sizes(state.network.result(op).shape, "out")
        | strides(op.stride)
        | {"pool_height": int(op.kernel[0]), "pool_width": int(op.kernel[1]), "n_chan": int(shape[0])}
    )
    types = {"result": state.result_type(op)}
    return [
        LayerSpec(state.name(op), "TwofoldSumPool", state.inputs(op), types, attributes, tensor=op.output)
    ]


def lower_flatten(op: Flatten, state: Lowering) -> list[LayerSpec]:
    elements = int(state.operand(op).elements)
    types = {"result": state.result_type(op)}
    return [
        LayerSpec(state.name(op), "Reshape", state.inputs(op), types, {"target_shape": [elements]}),
    ]
