"""A file's image reader as a description that a board's runtime executes without us."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from twofold.network.host import HostQuantiser, HostStep, ImageReading
from twofold.qonnx.importer.images import ImageReader
from twofold.qonnx.importer.rounding import BipolarRounding, LinearRounding, QuantRounding, Rounding
from twofold.qonnx.importer.steps import AtLeast, AtMost, DividedBy, Plus, Step, Times

MAX_NUMBERS = 1 << 20
"""In the constants of all steps; more make a file that a board does not read at once."""
_KINDS: Mapping[type[Step], str] = MappingProxyType(
    {Times: "times", DividedBy: "divided_by", Plus: "plus", AtLeast: "at_least", AtMost: "at_most"}
)


def image_reading(reader: ImageReader) -> ImageReading | str:
    """What `codes_of` of the reader does, or why it cannot be described."""
    unknown = [step.source for step in reader.steps if type(step) not in _KINDS]
    if unknown:
        return f"{unknown[0]} has no description"
    steps = tuple(HostStep(_KINDS[type(step)], _constant(step)) for step in reader.steps)
    if (numbers := sum(len(step.constant) for step in steps)) > MAX_NUMBERS:
        return f"the steps before {reader.source} have {numbers:,} numbers, more than {MAX_NUMBERS:,}"
    quantiser = _quantiser(reader.rounding)
    if quantiser is None:
        return f"{reader.source} has no description"
    channels, height, width = reader.shape if len(reader.shape) == 3 else (*reader.shape, 1, 1)
    layout = reader.layout
    map_ = reader.image_shape if layout.is_native else layout.graph_shape
    order = tuple(range(len(map_))) if layout.is_native else tuple(int(a) for a in np.argsort(layout.axes))
    return ImageReading(reader.image_shape, map_, order, (channels, height, width), steps, quantiser)


def _constant(step: Step) -> tuple[float, ...]:
    numbers = step.constant[:1] if step.is_uniform else step.constant
    return tuple(numbers.astype(np.float64).tolist())


def _quantiser(rounding: Rounding) -> HostQuantiser | None:
    match rounding:
        case QuantRounding(scale, zero_point, bounds, mode):
            return HostQuantiser("quant", scale, zero_point, bounds, mode)
        case LinearRounding(scale, zero_point, bounds):
            return HostQuantiser("linear", scale, zero_point, bounds)
        case BipolarRounding(scale, zero_point, bounds):
            return HostQuantiser("bipolar", scale, zero_point, bounds)
    return None
