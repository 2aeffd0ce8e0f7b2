"""Constants as exact fractions, one for each channel."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from twofold.network.dyadic import Dyadic
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.values import Constant, FixedValue, QuantisedConstant

MAX_NUMBERS = 1 << 22
MIN_SCALE, MAX_SCALE = Fraction(1, 2**200), Fraction(2**200)


def exact(node: Node, field: str, value: FixedValue) -> npt.NDArray[Any]:
    """The same numbers as an array of Fractions. Refuses NaN and infinities."""
    source = value.scale if isinstance(value, QuantisedConstant) else value.array
    if value.array.size > MAX_NUMBERS:
        raise node.refuse(field, f"{value.array.size} numbers", f"up to {MAX_NUMBERS}", "use smaller layers")
    if not np.all(np.isfinite(source)):
        raise node.refuse(field, "NaN or infinity", "finite numbers", "check the exported parameters")
    fractions = np.array([Fraction(number) for number in source.ravel().tolist()], object).reshape(
        source.shape
    )
    if isinstance(value, QuantisedConstant):
        fractions = fractions * value.codes.astype(object)
    return np.asarray(fractions, object)


def per_channel(node: Node, field: str, value: FixedValue, shape: tuple[int, ...]) -> tuple[Fraction, ...]:
    """One Fraction for each channel of data of `shape`, from [1, C, 1, 1], [C, 1, 1] or a scalar.

    `shape` leaves the batch N out. The constant must broadcast against [N, *shape] as NumPy does it and
    differ along the channels only.
    """
    rank, channels = len(shape) + 1, shape[0]
    padded = (1,) * (rank - value.array.ndim) + value.array.shape
    if padded[:1] + padded[2:] != (1,) * (rank - 1) or padded[1] not in (1, channels):
        example = [1, channels, *([1] * (rank - 2))]
        raise node.refuse(
            field,
            f"shape {list(value.array.shape)}",
            f"a scalar or shape {example}",
            "use one value per channel",
        )
    fractions = tuple(exact(node, field, value).ravel())
    return fractions * channels if len(fractions) == 1 else fractions


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
            field, f"{float(number):g}", "a positive scale, 2^-200 to 2^200", "check the exported parameters"
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
