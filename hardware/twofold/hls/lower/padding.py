"""Padding with any constant, as a layer of its own: hls4ml's pads with zeros only."""

from __future__ import annotations

from twofold.hls.lower.state import Lowering, map_sizes, pads
from twofold.hls.spec import LayerSpec
from twofold.hls.types import HlsType
from twofold.network.ops import Conv2d, MaxPool2d


def padded(
    op: Conv2d | MaxPool2d, value: int, state: Lowering
) -> tuple[list[LayerSpec], tuple[str, ...], tuple[int, ...]]:
    """The layer that pads the operand with `value`, if any; what the op then reads, and its shape."""
    operand = state.operand(op)
    top, left, bottom, right = op.padding
    channels, height, width = operand.shape
    if not any(op.padding):
        return [], state.inputs(op), operand.shape
    shape = (channels, height + top + bottom, width + left + right)
    pad = LayerSpec(
        f"{state.name(op)}_pad",
        "TwofoldPad",
        state.inputs(op),
        {"result": HlsType.of(operand.type)},
        map_sizes(operand.shape, "in")
        | map_sizes(shape, "out")
        | pads(op.padding)
        | {"n_chan": int(channels), "value": int(value)},
    )
    return [pad], (pad.name,), shape
