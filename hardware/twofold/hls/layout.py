"""Channels-last layout of tensors: what hls4ml's layers read and write."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from twofold.network.types import IntArray


@dataclass(frozen=True)
class Layout:
    """Where the elements of one tensor lie.

    shape: the network's, [C, H, W] or [C]. flattened: the [C, H, W] that a vector was flattened from,
    whose elements stay in the order [H, W, C]; None for other tensors.
    """

    shape: tuple[int, ...]
    flattened: tuple[int, ...] | None = None

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def hls_shape(self) -> list[int]:
        """[H, W, C] or [C], as Python integers."""
        return [int(size) for size in (*self.shape[1:], self.shape[0])]

    @property
    def order(self) -> IntArray:
        """The network's index of each element, in the order of the HLS layers. [elements]"""
        source = self.flattened or self.shape
        index = np.arange(self.elements, dtype=np.int64).reshape(source)
        return np.moveaxis(index, 0, -1).reshape(-1)

    def to_hls(self, values: IntArray) -> IntArray:
        """[N, *shape] → [N, elements] in the order of the HLS layers."""
        return values.reshape(len(values), -1)[:, self.order]

    def from_hls(self, values: IntArray) -> IntArray:
        """[N, elements] in the order of the HLS layers → [N, *shape]."""
        result = np.empty_like(values)
        result[:, self.order] = values
        return result.reshape(len(values), *self.shape)
