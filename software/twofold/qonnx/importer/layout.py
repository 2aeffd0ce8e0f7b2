"""In which order the graph has the axes of data; the network has [C, H, W] always.

`Transpose` moves no number of the network: it changes the order in which the graph reads them. Handlers take
data in the network's order unless they say otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from twofold.network.types import IntArray


@dataclass(frozen=True)
class Layout:
    """The graph's map is the network's, its axes in the order `axes`; the graph's vector is that, flattened.

    shape: of the map in the network, [C, H, W], or [C, W] of graphs whose maps are [N, C, W]; the batch,
    which stays first, is left out. Empty if the graph has the network's order.
    """

    shape: tuple[int, ...] = ()
    axes: tuple[int, ...] = ()

    @property
    def is_native(self) -> bool:
        return not self.axes

    @property
    def graph_shape(self) -> tuple[int, ...]:
        """Of a map in the graph, without the batch."""
        return tuple(self.shape[axis] for axis in self.axes)

    def transposed(self, shape: tuple[int, ...], order: Sequence[int]) -> Layout:
        """After the graph puts the axes of a map in the order `order`. shape: the map's in the network."""
        axes = self.axes or tuple(range(len(shape)))
        return _layout(self.shape or shape, tuple(axes[place] for place in order))

    def flattened(self) -> Layout:
        """Of the vector of a map; axes of one element have no place in it."""
        kept = [axis for axis in self.axes if self.shape[axis] > 1]
        return NATIVE if kept == sorted(kept) else self

    def with_map(self, shape: tuple[int, ...]) -> Layout:
        """Of a map of another shape [C, H, W] in the network."""
        if self.is_native:
            return self
        return replace(self, shape=shape if len(self.axes) == 3 else (shape[0], shape[2]))

    def map_axes(self, rank: int) -> set[int]:
        """The axes of height and width in the graph. rank: of its maps, the batch included."""
        return {place + 1 for place, axis in enumerate(self.axes or range(rank - 1)) if axis > 0}

    @property
    def places(self) -> IntArray:
        """Element k of the graph's vector is element places[k] of the network's."""
        return np.arange(prod(self.shape)).reshape(self.shape).transpose(self.axes).ravel()

    def to_network(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """[N, ...] of the graph as [N, *shape]."""
        if self.is_native:
            return values
        inverse = np.argsort(self.axes) + 1
        return values.reshape(-1, *self.graph_shape).transpose(0, *inverse)

    def from_network(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """[N, ...] of the network as the graph's map [N, ...]."""
        if self.is_native:
            return values
        return values.reshape(-1, *self.shape).transpose(0, *(axis + 1 for axis in self.axes))

    def __str__(self) -> str:
        names = "CHW" if len(self.axes) == 3 else "CW"
        return f"[N, {', '.join(names[axis] for axis in self.axes)}]"


NATIVE = Layout()


def layout_before(graph_shape: tuple[int, ...], order: Sequence[int]) -> Layout:
    """Of a map of the graph that the order `order` of its axes brings into the network's."""
    shape = tuple(graph_shape[place] for place in order)
    return _layout(shape, tuple(int(axis) for axis in np.argsort(order)))


def order_of_ones(shape: Sequence[int], target: Sequence[int]) -> tuple[int, ...] | None:
    """The order of a map's axes in which `shape` is `target`, if no axis of more than one element changes
    its place among the others; else None: such a Reshape moves no number, as Transpose would."""
    many = [place for place, size in enumerate(shape) if size > 1]
    if sorted(shape) != sorted(target) or [shape[place] for place in many] != [n for n in target if n > 1]:
        return None
    ones, rest = iter(set(range(len(shape))) - set(many)), iter(many)
    return tuple(next(ones if size == 1 else rest) for size in target)


def _layout(shape: tuple[int, ...], axes: tuple[int, ...]) -> Layout:
    return NATIVE if list(axes) == sorted(axes) else Layout(shape, axes)
