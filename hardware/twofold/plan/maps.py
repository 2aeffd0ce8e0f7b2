"""`Map`: a tensor as the engine sees it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from twofold.network.graph import Tensor
from twofold.network.types import IntArray


@dataclass(frozen=True, eq=False)
class View:
    """Where a tensor lies in activation memory, if that is not simply a buffer of its own.

    buffer: its name. first: the buffer's block in which the tensor begins. held: of each of the tensor's
    channels the place, counted from that block on; after joined tensors there are gaps. channels: places, the
    gaps included.
    """

    buffer: str
    first: int
    held: tuple[int, ...]
    channels: int


@dataclass(frozen=True, eq=False)
class Map:
    """Always [channels, height, width], a vector as 1 × 1 pixels.

    channels: as they lie in memory. held: places of the tensor's own channels among them; () for all of them.
    buffer: what the map is a part of, from its block `first` on.
    """

    name: str
    channels: int
    height: int
    width: int
    signed: bool
    bits: int
    zero_point: int
    held: tuple[int, ...] = ()
    buffer: str = ""
    first: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "buffer", self.buffer or self.name)

    @property
    def pixels(self) -> int:
        return self.height * self.width

    @classmethod
    def of(cls, tensor: Tensor, view: View | None = None) -> Map:
        channels, height, width = tensor.shape if len(tensor.shape) == 3 else (*tensor.shape, 1, 1)
        type_ = tensor.type
        map_ = cls(tensor.name, channels, height, width, type_.signed, type_.bits, type_.zero_point)
        if view is None:
            return map_
        held = () if view.held == tuple(range(view.channels)) else view.held
        return replace(map_, channels=view.channels, held=held, buffer=view.buffer, first=view.first)

    def spread(self, values: IntArray, axis: int = 0, gap: int = 0) -> IntArray:
        """Values of the tensor's channels along `axis`, at the channels' places, with `gap` between them."""
        if not self.held:
            return values
        shape = list(values.shape)
        shape[axis] = self.channels
        result = np.full(shape, gap, values.dtype)
        np.moveaxis(result, axis, 0)[list(self.held)] = np.moveaxis(values, axis, 0)
        return result


def code_range(map_: Map) -> tuple[int, int]:
    """Least and greatest code of a map's type."""
    if map_.signed:
        return -(1 << (map_.bits - 1)), (1 << (map_.bits - 1)) - 1
    return 0, (1 << map_.bits) - 1
