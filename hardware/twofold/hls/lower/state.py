"""What the lowering of every op shares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from twofold.hls.layout import Layout
from twofold.hls.spec import LayerSpec
from twofold.hls.strategy import Strategy
from twofold.hls.types import HlsType
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Op
from twofold.network.ranges import ChannelRange

#: Characters of a name of the network's in that of a file, of which file systems take 255 in all.
NAME_MAX = 100


@dataclass
class Lowering:
    """State of one run of `lower`: what each tensor became so far."""

    network: Network
    strategies: Mapping[str, Strategy]
    ranges: Mapping[str, ChannelRange]
    layers: list[LayerSpec] = field(default_factory=list)
    layouts: dict[str, Layout] = field(default_factory=dict)
    layer_of: dict[str, str] = field(default_factory=dict)

    def name(self, op: Op) -> str:
        """A C identifier of the op's own, whatever its name."""
        return f"l{len(self.layer_of)}_{re.sub(r'[^0-9A-Za-z]', '_', op.name)[:NAME_MAX]}".lower()

    def operand(self, op: Op) -> Tensor:
        return self.network.operands(op)[0]

    def inputs(self, op: Op) -> tuple[str, ...]:
        return tuple(self.layer_of[name] for name in op.inputs)

    def result_type(self, op: Op) -> HlsType:
        return HlsType.of(self.network.result(op).type)


def map_sizes(shape: tuple[int, ...], prefix: str) -> dict[str, int]:
    return {f"{prefix}_height": int(shape[1]), f"{prefix}_width": int(shape[2])}


def pads(padding: tuple[int, int, int, int]) -> dict[str, int]:
    return dict(zip(("pad_top", "pad_left", "pad_bottom", "pad_right"), map(int, padding), strict=True))


def strides(stride: tuple[int, int]) -> dict[str, int]:
    return {"stride_height": int(stride[0]), "stride_width": int(stride[1])}


def elements(tensor: Tensor) -> dict[str, int]:
    return {"n_in": int(tensor.elements), "n_chan": int(tensor.channels)}
