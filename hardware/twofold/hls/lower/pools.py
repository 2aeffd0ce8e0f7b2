"""Pooling, upsampling and flattening of feature maps."""

from __future__ import annotations

from twofold.hls.lower.padding import padded
from twofold.hls.lower.state import Lowering, map_sizes, pads, strides
from twofold.hls.spec import LayerSpec
from twofold.network.ops import Flatten, MaxPool2d, SumPool2d, Upsample2d


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


def lower_upsample(op: Upsample2d, state: Lowering) -> list[LayerSpec]:
    """hls4ml's own nearest neighbour, which for twice the size copies ⌊y / 2⌋, ⌊x / 2⌋.

    In streams it holds a row and writes it twice. In registers it finds the row of y < 2^15 as
    y · (2^15 + 1) / 2^16, rounded down.
    """
    shape = state.operand(op).shape
    attributes = (
        map_sizes(shape, "in")
        | map_sizes(state.network.result(op).shape, "out")
        | {"n_chan": int(shape[0]), "algorithm": "nearest", "data_format": "channels_last"}
    )
    types = {"result": state.result_type(op)}
    return [LayerSpec(state.name(op), "Resize", state.inputs(op), types, attributes, tensor=op.output)]


def lower_flatten(op: Flatten, state: Lowering) -> list[LayerSpec]:
    elements = int(state.operand(op).elements)
    types = {"result": state.result_type(op)}
    return [
        LayerSpec(state.name(op), "Reshape", state.inputs(op), types, {"target_shape": [elements]}),
    ]
