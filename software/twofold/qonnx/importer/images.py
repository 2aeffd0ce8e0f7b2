"""How a host turns images into the network's input, in the float32 arithmetic of the executor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twofold.errors import UserError
from twofold.network.types import IntArray, IntType
from twofold.qonnx.importer.layout import NATIVE, Layout
from twofold.qonnx.importer.rounding import BipolarRounding, Rounding
from twofold.qonnx.importer.steps import DividedBy, Floats, Plus, Step, Times


@dataclass(frozen=True, eq=False)
class ImageReader:
    """image_shape: of the graph's input, shape: of the network's, both without the batch.

    steps: before the quantiser. layout: of the images. source: the quantiser, as messages call it.
    """

    image_shape: tuple[int, ...]
    shape: tuple[int, ...]
    steps: tuple[Step, ...]
    type: IntType
    rounding: Rounding
    source: str
    layout: Layout = NATIVE

    @property
    def codes(self) -> IntArray:
        """All codes that images can have."""
        lo, hi = self.rounding.bounds
        return np.array([lo, hi]) if isinstance(self.rounding, BipolarRounding) else np.arange(lo, hi + 1)

    @property
    def work(self) -> tuple[str, ...]:
        """The nodes that a host executes, in words."""
        return (*(step.source for step in self.steps), self.source)

    def codes_of(self, images: npt.ArrayLike) -> IntArray:
        """Images [N, *image_shape] as codes [N, *shape]."""
        whole = np.asarray(images, np.float32).reshape(-1, *self.image_shape)
        values = self.layout.to_network(whole).reshape(-1, *self.shape)
        return self._by_channel(values, lambda channels: self.rounding(self._stepped(channels))).astype(
            np.int64
        )

    def images_of(self, codes: IntArray) -> Floats:
        """Images [N, *image_shape] that have these codes [N, *shape]. Raises UserError where none has."""
        middles = self.rounding.middles(np.asarray(codes, np.float64))
        images = self.layout.from_network(self._by_channel(middles, self._undone))
        images = images.reshape(-1, *self.image_shape)
        if (self.codes_of(images) != codes).any():
            raise UserError(
                f"{self.source}: expected codes that images can have, {self.rounding.bounds[0]} to "
                f"{self.rounding.bounds[1]}, found others"
            )
        return images

    def probes(self, frames: int, seed: int) -> Floats:
        """Images [frames, *image_shape] of numbers from below the least code's to above the greatest code's.

        Every second one has codes' middles and the ties between them, the others any numbers.
        """
        lo, hi = self.rounding.bounds
        random = np.random.default_rng(seed)
        codes = random.integers(2 * lo - 3, 2 * hi + 4, (frames, *self.shape)) / 2
        codes[1::2] += random.uniform(-0.5, 0.5, codes[1::2].shape)
        images = self.layout.from_network(self._by_channel(codes, self._undone))
        return images.reshape(-1, *self.image_shape)

    def _stepped(self, values: Floats) -> Floats:
        for step in self.steps:
            values = step(values)
        return values

    def _undone(self, codes: npt.NDArray[np.float64]) -> Floats:
        """Numbers in codes, back through the quantiser and the steps."""
        numbers = (codes - np.float64(self.type.zero_point)) * float(self.type.scale)
        for step in reversed(self.steps):
            numbers = _undo(step, numbers)
        return numbers.astype(np.float32)

    def _by_channel(self, values: npt.NDArray, function: Callable[[npt.NDArray], Floats]) -> Floats:
        """`function` on [C, K] of values [N, C, ...]."""
        rows = np.moveaxis(values, 1, 0)
        return np.moveaxis(function(rows.reshape(len(rows), -1)).reshape(rows.shape), 0, 1)


def _undo(step: Step, numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    column = step.column.astype(np.float64)
    if isinstance(step, Times):
        return numbers / np.where(column == 0, 1, column)
    if isinstance(step, DividedBy):
        return numbers * column
    return numbers - column if isinstance(step, Plus) else numbers
