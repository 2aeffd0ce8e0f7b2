"""Additions, joins, requantisation and thresholds: the layers that this package adds to hls4ml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from twofold.hls.lower.state import Lowering, elements
from twofold.hls.many_thresholds import BiasedRequantise
from twofold.hls.spec import LayerSpec
from twofold.hls.types import HlsType
from twofold.network.ops import Add, Concat, Requantise, Threshold, WeightedAdd
from twofold.network.types import IntArray


def lower_add(op: Add | WeightedAdd, state: Lowering) -> list[LayerSpec]:
    result = state.network.result(op)
    factors, shifts = ((1, 1), op.shifts) if isinstance(op, Add) else (op.factors, (0, 0))
    attributes = elements(result) | {
        "factor_a": int(factors[0]),
        "factor_b": int(factors[1]),
        "shift_a": int(shifts[0]),
        "shift_b": int(shifts[1]),
    }
    # A shifted operand may need a sign, or one bit more, that the sum does without.
    operands = [operand.type for operand in state.network.operands(op)]
    terms = [
        (type_.lo * factor << shift, type_.hi * factor << shift)
        for type_, factor, shift in zip(operands, factors, shifts, strict=True)
    ]
    sum_type = HlsType.holding(min(-1, *(lo for lo, _ in terms)), max(hi for _, hi in terms))
    wide = HlsType(True, sum_type.bits + 1)
    types = {"result": state.result_type(op), "sum": wide}
    return [
        LayerSpec(state.name(op), "TwofoldAdd", state.inputs(op), types, attributes, tensor=op.output),
    ]


def lower_concat(op: Concat, state: Lowering) -> list[LayerSpec]:
    """The first two operands joined, then each next one behind them."""
    result = state.network.result(op)
    pixels, (first, *others) = int(result.elements // result.channels), state.network.operands(op)
    (source, *sources), channels = state.inputs(op), int(first.channels)
    layers: list[LayerSpec] = []
    for place, (name, operand) in enumerate(zip(sources, others, strict=True)):
        joined = channels + int(operand.channels)
        last = place == len(others) - 1
        attributes = {
            "n_pixels": pixels,
            "n_chan_a": channels,
            "n_chan_b": int(operand.channels),
            "out_channels": joined,
        }
        layer = LayerSpec(
            state.name(op) if last else f"{state.name(op)}_{place}",
            "TwofoldConcat",
            (source, name),
            {"result": state.result_type(op)},
            attributes,
            tensor=op.output if last else None,
        )
        layers.append(layer)
        source, channels = layer.name, joined
    return layers


def lower_requantise(op: Requantise, state: Lowering) -> list[LayerSpec]:
    operand, zero_point = state.operand(op), state.network.result(op).type.zero_point
    bias = 0
    if isinstance(op, BiasedRequantise):
        bias, zero_point = op.bias, zero_point - op.biased
    largest, farthest = int(op.multiplier.max()), max(-operand.type.lo, operand.type.hi) + abs(bias)
    reach = max(farthest * largest, 1 << int(op.shift.max()), *map(abs, op.bounds))
    types = {
        "result": state.result_type(op),
        "multiplier": HlsType(False, max(largest.bit_length(), 1)),
        "shift": HlsType(False, max(int(op.shift.max()).bit_length(), 1)),
        # Twice the reach: the rounding and the zero point add to it before the clamp.
        "product": HlsType.holding(-2 * reach - abs(zero_point), 2 * reach + abs(zero_point)),
    }
    attributes = elements(operand) | {
        "multiplier_data": op.multiplier,
        "shift_data": op.shift,
        "bias": bias,
        "zero_point": int(zero_point),
        "lowest": int(op.bounds[0]),
        "highest": int(op.bounds[1]),
    }
    return [_quantiser("TwofoldRequantise", op, state, types, attributes)]


def lower_threshold(op: Threshold, state: Lowering) -> list[LayerSpec]:
    thresholds, levels = _reachable(op)
    types = {
        "result": state.result_type(op),
        "thresholds": HlsType.constants(thresholds),
        "levels": HlsType.constants(levels),
    }
    attributes = elements(state.operand(op)) | {
        "n_thresholds": int(thresholds.shape[1]),
        "thresholds_data": thresholds,
        "levels_data": levels,
    }
    return [_quantiser("TwofoldThreshold", op, state, types, attributes)]


def _quantiser(
    kind: str,
    op: Requantise | Threshold,
    state: Lowering,
    types: Mapping[str, HlsType],
    attributes: Mapping[str, Any],
) -> LayerSpec:
    strategy = state.strategies[op.name]
    name, inputs = state.name(op), state.inputs(op)
    return LayerSpec(
        name, kind, inputs, types, attributes, strategy.name, strategy.reuse_factor, tensor=op.output
    )


def _reachable(op: Threshold) -> tuple[IntArray, IntArray]:
    """Thresholds and levels without those that decide nothing.

    They are a step of 0 between two levels, and a threshold equal to the next one in every channel.
    """
    steps = np.diff(op.levels) != 0
    thresholds, levels = op.thresholds[:, steps], op.levels[1:][steps]
    decides = np.append((thresholds[:, 1:] != thresholds[:, :-1]).any(axis=0), True)
    return thresholds[:, decides], np.concatenate([op.levels[:1], levels[decides]])
