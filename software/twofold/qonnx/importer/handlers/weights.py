"""Constants as the float32 arithmetic of their quantiser gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.values import FixedValue, QuantisedConstant


def quantised_constant(
    node: Node,
    value: FixedValue,
    scale: FixedValue,
    codes: Callable[[npt.NDArray[Any]], npt.NDArray[Any]],
    divides: bool = True,
) -> QuantisedConstant:
    """codes: from numbers in units of the scale, or as they are, to integers."""
    divisor = spread(node, scale.array.astype(np.float32), value.array.shape)
    if not np.isfinite(value.array).all():
        raise node.refuse("input", "NaN or infinity", "finite numbers", "check the exported parameters")
    numbers = value.array.astype(np.float32)
    with np.errstate(over="ignore"):  # an infinite quotient is clamped as any other
        found = codes(numbers / divisor if divides else numbers)
    return QuantisedConstant(found.astype(np.int64), divisor)


def spread(node: Node, scale: npt.NDArray[np.float32], shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Positive scales with as many dimensions as `shape`, to broadcast against it."""
    divisor = scale.reshape((1,) * len(shape)) if scale.size == 1 else scale
    divisor = divisor.reshape((1,) * (len(shape) - divisor.ndim) + divisor.shape)
    if divisor.ndim != len(shape) or any(a not in (1, b) for a, b in zip(divisor.shape, shape, strict=True)):
        raise node.refuse(
            "scale",
            f"shape {list(scale.shape)}",
            f"one that spreads over {list(shape)}",
            "use one scale per tensor or per output channel",
        )
    if not (np.isfinite(divisor) & (divisor > 0)).all():
        raise node.refuse(
            "scale", float(divisor.min()), "positive finite scales", "check the exported parameters"
        )
    return divisor
