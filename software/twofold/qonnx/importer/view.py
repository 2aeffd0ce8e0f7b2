"""How the graph shows a tensor of the network: in which order, in which units, and how nearly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from twofold.network.graph import Tensor
from twofold.network.types import IntArray
from twofold.qonnx.importer.layout import NATIVE, Layout
from twofold.qonnx.importer.steps import Floats

NO_INTEGER = int(np.iinfo(np.int64).min)


@dataclass(frozen=True, eq=False)
class View:
    """layout: of the graph's tensor. factors: its numbers in units of the type's, [C]; 1 if not given.

    is_rounded: the graph's numbers are near those of the integers, which stand for the nearest.
    """

    layout: Layout = NATIVE
    factors: Floats | None = None
    is_rounded: bool = False

    @property
    def is_plain(self) -> bool:
        return self.layout.is_native and self.factors is None and not self.is_rounded

    def integers(self, values: npt.NDArray[Any], tensor: Tensor) -> IntArray:
        """The codes whose real values, as float32 numbers, are `values`; integers are codes themselves."""
        values = np.reshape(self.layout.to_network(values), (-1, *tensor.shape))
        if values.dtype.kind in "iu":
            return values.astype(np.int64)
        scale = float(tensor.type.scale) * self._factors(len(tensor.shape))
        finite = np.isfinite(values)
        codes = np.rint(np.where(finite, values, 0).astype(np.float64) / scale)
        whole = finite & (((codes * scale).astype(np.float32) == values) | self.is_rounded)
        return np.where(whole, codes.astype(np.int64) + tensor.type.zero_point, NO_INTEGER)

    def _factors(self, rank: int) -> npt.NDArray[np.float64]:
        factors = np.ones(1) if self.factors is None else self.factors.astype(np.float64)
        return factors.reshape(-1, *([1] * (rank - 1)))


PLAIN = View()
