"""What a tensor of the ONNX graph stands for while the importer walks the graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from twofold.network.graph import Tensor
from twofold.network.types import IntArray


@dataclass(frozen=True, eq=False)
class RawInput:
    """The graph's float input before its quantiser."""

    shape: tuple[int, ...]


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
    """A tensor that a quantiser wrote; its type says what its integers mean."""

    tensor: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tensor.shape

    def as_sums(self) -> Sums:
        scale = self.tensor.type.scale.fraction
        channels = self.tensor.channels
        offset = -scale * self.tensor.type.zero_point
        return Sums(self.tensor, (scale,) * channels, (offset,) * channels)


@dataclass(frozen=True, eq=False)
class Sums:
    """Exact integers q that stand for `gain[c] · q + offset[c]`, at least 0 if rectified.

    gain, offset: [C]. exclusive: nothing else reads these integers or what was computed from them on the
    way here, so that the op that writes them may still be changed.
    """

    tensor: Tensor
    gain: tuple[Fraction, ...]
    offset: tuple[Fraction, ...]
    rectified: bool = False
    exclusive: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tensor.shape

    @property
    def is_plain(self) -> bool:
        """The integers' type alone says what they mean."""
        scale = self.tensor.type.scale.fraction
        offset = -scale * self.tensor.type.zero_point
        return not self.rectified and set(self.gain) == {scale} and set(self.offset) == {offset}

    def times(self, factor: tuple[Fraction, ...]) -> Sums:
        return replace(
            self,
            gain=tuple(a * m for a, m in zip(self.gain, factor, strict=True)),
            offset=tuple(b * m for b, m in zip(self.offset, factor, strict=True)),
        )

    def plus(self, term: tuple[Fraction, ...]) -> Sums:
        return replace(self, offset=tuple(b + t for b, t in zip(self.offset, term, strict=True)))


FixedValue = Constant | QuantisedConstant
DataValue = Codes | Sums
Value = RawInput | FixedValue | DataValue
