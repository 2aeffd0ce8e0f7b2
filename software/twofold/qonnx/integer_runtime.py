"""A network's integers by ONNX Runtime."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from twofold.network.graph import Network
from twofold.network.types import AnyIntArray, IntArray
from twofold.qonnx.integer_model import integer_model, offset_of
from twofold.qonnx.runtime import session_of


class IntegerRuntime:
    """`network` in ONNX's integer operators, executed in one thread. model: as it is executed.

    Raises UserError, naming the op, for what these operators do not have.
    """

    def __init__(self, network: Network) -> None:
        self.network, self.model = network, integer_model(network)
        self._session = session_of(self.model)

    def outputs(self, codes: AnyIntArray) -> IntArray:
        """codes: frames [N, *input shape]. Returns the network's output [N, *output shape]."""
        return self.integers(self.run(self.lifted(codes)))

    def lifted(self, codes: AnyIntArray) -> npt.NDArray[np.uint8]:
        """Frames as the model takes them."""
        return (codes + offset_of(self.network.input)).astype(np.uint8)

    def run(self, lifted: npt.NDArray[np.uint8]) -> AnyIntArray:
        """What the model gives, codes in uint8 or sums in int32."""
        (found,) = self._session.run(None, {self.network.input_name: lifted})
        return np.asarray(found)

    def integers(self, found: AnyIntArray) -> IntArray:
        offset = offset_of(self.network.output) if found.dtype == np.uint8 else 0
        return found.astype(np.int64) - offset
