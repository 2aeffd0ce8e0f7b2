"""Constants as exact fractions, one for each channel."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from twofold.network.dyadic import Dyadic
from twofold.qonnx.importer.layout import Layout
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.steps import Floats
from twofold.qonnx.importer.values import Constant, FixedValue, QuantisedConstant

MAX_NUMBERS = 1 << 22
MIN_SCALE, MAX_SCALE = Fraction(1, 2**100), Fraction(2**100)


def exact(node: Node, field: str, value: FixedValue) -> npt.NDArray[Any]:
    """The numbers that the executor sees, as an array of Fractions. Refuses NaN and infinities."""
    source = finite(node, field, value)
    return np.array([Fraction(number) for number in source.ravel().tolist()], object).reshape(source.shape)


def finite(node: Node, field: str, value: FixedValue) -> npt.NDArray[Any]:
    """The numbers as they are. Refuses NaN, infinities, and more numbers than any layer has."""
    if value.array.size > MAX_NUMBERS:
        raise node.refuse(field, f"{value.array.size} numbers", f"up to {MAX_NUMBERS}", "use smaller layers")
    if not np.all(np.isfinite(value.array)):
        raise node.refuse(field, "NaN or infinity", "finite numbers", "check the exported parameters")
    return value.array


def per_channel(
    node: Node, field: str, value: FixedValue, shape: tuple[int, ...], rank: int, layout: Layout
) -> Floats:
    """One float32 number for each channel of data of `shape`, from [1, C, 1, 1], [C, 1, 1] or a scalar.

    `shape` leaves the batch N out; rank: of the data in the graph, N included; layout: theirs. The constant
    must broadcast against them as NumPy does it and differ along the channels only.
    """
    channels, place = shape[0], layout.axes.index(0) + 1 if rank > 2 and layout.axes else 1
    padded = (1,) * (rank - value.array.ndim) + value.array.shape
    if padded[:place] + padded[place + 1 :] != (1,) * (rank - 1) or padded[place] not in (1, channels):
        example = [channels if axis == place else 1 for axis in range(rank)]
        raise node.refuse(
            field,
            f"shape {list(value.array.shape)}",
            f"a scalar or shape {example}",
            "use one value per channel",
        )
    numbers = np.broadcast_to(floats(node, field, value).ravel(), (channels,))
    return numbers if rank > 2 else layout.to_network(numbers[None]).ravel()


def floats(node: Node, field: str, value: FixedValue) -> Floats:
    """Numbers that are float32 already, so that the executor computes in float32."""
    array = finite(node, field, value)
    if array.dtype != np.float32:
        raise node.refuse(field, f"numbers of type {array.dtype}", "float32", "export the model in float32")
    return array


def scalar(node: Node, field: str, value: FixedValue) -> Fraction:
    """The one number that `value` holds, in any shape. Refuses arrays of different numbers."""
    numbers = set(exact(node, field, value).ravel())
    if len(numbers) != 1:
        raise node.refuse(
            field,
            f"{len(numbers)} different numbers",
            "one number for the whole tensor",
            "quantise per tensor",
        )
    return Fraction(numbers.pop())


def positive_scale(node: Node, field: str, number: Fraction) -> Dyadic:
    """`number`, a binary fraction, as the scale of a type. Refuses what is not positive or beyond any use."""
    if not MIN_SCALE <= number <= MAX_SCALE:
        raise node.refuse(
            field, f"{float(number):g}", "a positive scale, 2^-100 to 2^100", "check the exported parameters"
        )
    return Dyadic.from_fraction(number)


def integer(node: Node, field: str, value: FixedValue) -> int:
    """As `scalar`; refuses fractions."""
    number = scalar(node, field, value)
    if number.denominator != 1:
        raise node.refuse(field, float(number), "an integer", "export it as a whole number")
    return int(number)


def constant(node: Node, field: str, value: object) -> FixedValue:
    """`value` itself if it is fixed. Refuses data."""
    if not isinstance(value, Constant | QuantisedConstant):
        raise node.refuse(field, "a computed tensor", "a constant", "fold it into an initializer")
    return value
