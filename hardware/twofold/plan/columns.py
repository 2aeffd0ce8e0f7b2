"""The columns that a kernel's row meets, side by side in the frame's words: for images of few channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from twofold.network.ops import Conv2d
from twofold.network.types import IntArray
from twofold.plan.layer_fields import padding_code
from twofold.plan.maps import Map
from twofold.plan.memory.layout import blocks_of
from twofold.plan.stages import Stage
from twofold.plan.tiles import holds
from twofold.rtl.geometry import Geometry
from twofold.rtl.mac.kinds import pe_kinds


@dataclass(frozen=True)
class Columns:
    """How a frame lies in memory: a word has `count` columns, all channels of one after the other.

    Word x of a row holds columns x · stride + k · dilation − before for k from 0 on, or `fill` where that is
    outside of the frame. width: words of a row.
    """

    count: int
    stride: int
    dilation: int
    before: int
    width: int
    fill: int

    def side_by_side(self, frames: IntArray) -> IntArray:
        """[N, C, H, W] → [N, count · C, H, width]."""
        last = (self.count - 1) * self.dilation + (self.width - 1) * self.stride
        after = max(0, last + 1 - self.before - frames.shape[-1])
        sides = ((0, 0), (0, 0), (0, 0), (self.before, after))
        padded = np.pad(frames, sides, constant_values=self.fill)
        firsts = (column * self.dilation for column in range(self.count))
        span = (self.width - 1) * self.stride + 1
        return np.concatenate([padded[..., first : first + span : self.stride] for first in firsts], axis=1)

    def stored(self, frame: Map) -> Map:
        """The frame as it lies in memory."""
        return replace(frame, channels=self.count * frame.channels, width=self.width)


def with_columns(parts: Sequence[Stage], geometry: Geometry) -> tuple[tuple[Stage, ...], Columns | None]:
    """The stages with a first one that reads columns side by side, if that takes fewer sweeps, no more words.

    Its kernel then has one column, and as many channels more. Nothing else may read the frame.
    """
    first, *others = parts
    names = {operand.name for part in others for operand in part.operands}
    columns = None if first.operands[0].name in names else _columns(first, geometry)
    if columns is None:
        return tuple(parts), None
    return (_reading(first, columns), *others), columns


def _columns(first: Stage, geometry: Geometry) -> Columns | None:
    body, frame = first.body, first.operands[0]
    kind = next((kind for kind in pe_kinds(geometry) if holds(kind, first)), None)
    if kind is None or not isinstance(body, Conv2d):
        return None
    count, width = body.weight.shape[3], first.sums.width
    columns = Columns(count, body.stride[1], body.dilation[1], body.padding[1], width, padding_code(first))
    blocks, blocks_before = (
        blocks_of(channels, kind.tin) for channels in (columns.stored(frame).channels, frame.channels)
    )
    sweeps = blocks * kind.parts(count * frame.channels)
    saves = sweeps < count * blocks_before * kind.parts(frame.channels)
    return columns if saves and blocks * width <= blocks_before * frame.width else None


def _reading(first: Stage, columns: Columns) -> Stage:
    body = first.body
    if not isinstance(body, Conv2d):
        raise TypeError(f"expected a convolution, got {type(body).__name__}")
    outputs, channels, rows, count = body.weight.shape
    top, _, bottom, _ = body.padding
    by_column = body.weight.transpose(0, 3, 1, 2).reshape(outputs, count * channels, rows, 1)
    one_column = replace(
        body,
        weight=by_column,
        stride=(body.stride[0], 1),
        dilation=(body.dilation[0], 1),
        padding=(top, 0, bottom, 0),
    )
    return replace(first, body=one_column, operands=(columns.stored(first.operands[0]), *first.operands[1:]))
