"""Convolutions and fully connected layers: sums of products, by hls4ml's own layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from twofold.hls.kernels import plain_kernel
from twofold.hls.layout import Layout
from twofold.hls.lower.padding import padded
from twofold.hls.lower.state import Lowering, map_sizes, pads, strides
from twofold.hls.options import HlsStrategy
from twofold.hls.spec import LayerSpec
from twofold.hls.two_terms import two_terms
from twofold.hls.types import HlsType
from twofold.network.ops import Conv2d, Flatten, Linear
from twofold.network.ranges import sum_bound

# A product with a weight of two bits takes hls4ml's ternary path, which reads −2 as +1.
_WEIGHT_BITS_MIN = 3


def lower_conv2d(op: Conv2d, state: Lowering) -> list[LayerSpec]:
    padding, inputs, shape = padded(op, state.operand(op).type.zero_point, state)
    kernel = plain_kernel(op)
    outputs, channels, k_h, k_w = (int(size) for size in kernel.shape)
    attributes = (
        map_sizes(shape, "in")
        | map_sizes(state.network.result(op).shape, "out")
        | strides(op.stride)
        | pads((0, 0, 0, 0))
        | {"n_chan": channels, "n_filt": outputs, "filt_height": k_h, "filt_width": k_w}
        | {"weight_data": kernel.transpose(2, 3, 1, 0), "data_format": "channels_last"}
    )
    return [*padding, _layer("Conv2D", op, inputs, state, attributes)]


def lower_linear(op: Linear, state: Lowering) -> list[LayerSpec]:
    outputs, inputs = (int(size) for size in op.weight.shape)
    producer = state.network.producers.get(op.inputs[0])
    source = state.operand(producer).shape if isinstance(producer, Flatten) else None
    order = Layout((inputs,), source).order
    attributes = {"n_in": inputs, "n_out": outputs, "weight_data": op.weight[:, order].T}
    return [_layer("Dense", op, state.inputs(op), state, attributes)]


def _layer(
    kind: str,
    op: Conv2d | Linear,
    inputs: tuple[str, ...],
    state: Lowering,
    attributes: Mapping[str, Any],
) -> LayerSpec:
    """The layer of sums, its weights written as codes of two powers where they all are such."""
    weights, terms = np.ascontiguousarray(attributes["weight_data"]), two_terms(op.weight)
    types, strategy = _sum_types(op, state), state.strategies[op.name]
    if strategy.name is HlsStrategy.DISTRIBUTED_ARITHMETIC:
        terms = None  # da4ml shares shifts and additions between all weights
    if terms is not None:
        weights, types["weight"] = terms.codes(weights), HlsType(False, terms.bits)
    return LayerSpec(
        state.name(op),
        kind,
        inputs,
        types,
        {**attributes, "weight_data": weights, "bias_data": op.bias},
        strategy.name,
        strategy.reuse_factor,
        op.output,
        terms,
    )


def _sum_types(op: Conv2d | Linear, state: Lowering) -> dict[str, HlsType]:
    """Types in which no sum of products, in any order, overflows."""
    bound = max(sum_bound(op, state.operand(op), state.ranges[op.inputs[0]]), 1)
    return {
        "result": state.result_type(op),
        "accum": HlsType.holding(-bound, bound),
        "weight": HlsType.constants(op.weight, _WEIGHT_BITS_MIN),
        "bias": HlsType.constants(op.bias),
    }
