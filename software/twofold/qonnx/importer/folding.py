"""Nodes whose inputs are all constants, computed while the file is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from twofold.qonnx.importer.channels import MAX_NUMBERS
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Constant


def folded(walk: Walk, node: Node, function: Callable[..., npt.NDArray[Any]]) -> Constant:
    """`function` of the node's constants, float32 all, which IEEE 754 rounds alike everywhere."""
    arrays = [walk.fixed(node, index, "constant operand").array for index in range(len(node.inputs))]
    if any(array.dtype != np.float32 for array in arrays):
        raise node.refuse(
            "inputs", f"constants of type {arrays[0].dtype}", "float32", "fold the constants before export"
        )
    try:
        shape = np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError:
        shapes = " and ".join(str(list(array.shape)) for array in arrays)
        raise node.refuse("inputs", f"shapes {shapes}", "shapes that broadcast", "check the model") from None
    if np.prod(shape, dtype=object) > MAX_NUMBERS:
        raise node.refuse("inputs", f"shape {list(shape)}", f"up to {MAX_NUMBERS} numbers", "check the model")
    with np.errstate(all="ignore"):  # what is not finite is refused where it is used
        return Constant(np.asarray(function(*arrays), np.float32))
