"""What a tensor of the ONNX graph stands for while the importer walks the graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from twofold.network.graph import Tensor
from twofold.network.types import IntArray, IntType
from twofold.qonnx.importer.host_part import HostPart
from twofold.qonnx.importer.layout import NATIVE, Layout
from twofold.qonnx.importer.reading import Reading, read_as
from twofold.qonnx.importer.rounding import Rounding
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.steps import Floats, Step, Times

NO_PADS = (0, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class RawInput:
    """The graph's float input before its quantiser, after `steps`, whose constants are [C].

    shape: now, in the network; image_shape: of the graph's input; both without the batch.
    image_layout: of the graph's input; layout: of the graph's tensor now.
    """

    shape: tuple[int, ...]
    image_shape: tuple[int, ...]
    steps: tuple[Step, ...] = ()
    image_layout: Layout = NATIVE
    layout: Layout = NATIVE

    def then(self, *steps: Step) -> RawInput:
        return replace(self, steps=(*self.steps, *steps))


@dataclass(frozen=True, eq=False)
class Constant:
    """Numbers from the file, any shape."""

    array: npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class QuantisedConstant:
    """`codes · scale`: integers of any shape and scales of the same rank, broadcast against them."""

    codes: IntArray
    scale: npt.NDArray[Any]

    @property
    def array(self) -> npt.NDArray[Any]:
        """The real numbers as the exporting tool sees them, float32."""
        return (self.codes.astype(np.float32) * self.scale.astype(np.float32)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Codes:
    """A tensor that a quantiser wrote; its type says what its integers mean.

    pads: (top, left, bottom, right) of zeros around the map, for the convolution that follows.
    factors: numbers in units of the type's, [C], if the quantiser has a scale for each channel.
    """

    tensor: Tensor
    pads: tuple[int, int, int, int] = NO_PADS
    layout: Layout = NATIVE
    factors: Floats | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tensor.shape

    def as_sums(self) -> Sums:
        scale = self.tensor.type.scale.fraction
        channels = self.tensor.channels
        offset = -scale * self.tensor.type.zero_point
        reading = read_as((scale,) * channels, (offset,) * channels)
        if self.factors is not None:
            reading = reading.then(Times(f"the scales of {self.tensor.name!r}", self.factors))
        return Sums(self.tensor, reading, layout=self.layout)


@dataclass(frozen=True, eq=False)
class Sums:
    """Exact integers, and which float32 numbers the executor has in their place.

    exclusive: nothing else reads these integers or what was computed from them on the way here, so that the
    op that writes them may still be changed.
    """

    tensor: Tensor
    reading: Reading
    exclusive: bool = False
    layout: Layout = NATIVE

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tensor.shape

    @property
    def is_plain(self) -> bool:
        """The integers' type alone says which numbers they stand for."""
        scale = self.tensor.type.scale.fraction
        offset = -scale * self.tensor.type.zero_point
        reading = self.reading
        if reading.steps or reading.slack.any():
            return False
        return set(reading.gain) == {scale} and set(reading.offset) == {offset}

    def then(self, *steps: Step) -> Sums:
        return replace(self, reading=self.reading.then(*steps))


@dataclass(frozen=True, eq=False)
class StoredCodes:
    """What `QuantizeLinear` writes: integers, which `DequantizeLinear` gives their meaning.

    node: the QuantizeLinear. source: what is quantised. name: the graph's tensor that holds the integers.
    """

    node: Node
    source: RawInput | Codes | Sums
    type: IntType
    rounding: Rounding
    name: str

    @property
    def layout(self) -> Layout:
        return self.source.layout

    def clipped(self, lo: int, hi: int, name: str) -> StoredCodes:
        """The same integers clamped to lo..hi, in the tensor `name`."""
        return replace(self, rounding=self.rounding.clipped(lo, hi), name=name)


@dataclass(frozen=True, eq=False)
class HostResult:
    """What a host computes from the network's output `source`, such as Softmax.

    name: the graph's tensor that `source` is. work: nodes, in order.
    """

    source: Codes | Sums
    name: str
    work: tuple[HostPart, ...]


FixedValue = Constant | QuantisedConstant
DataValue = Codes | Sums
Value = RawInput | FixedValue | DataValue | StoredCodes | HostResult
