"""What a host does around a network, as a description that a board's runtime executes without us."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twofold.network.host import HostQuantiser, HostStep, ImageReading
from twofold.qonnx.importer.host_part import HostPart, host_step
from twofold.qonnx.importer.images import ImageReader
from twofold.qonnx.importer.rounding import BipolarRounding, LinearRounding, QuantRounding, Rounding

MAX_NUMBERS = 1 << 20
"""In the constants of all steps; more make a file that a board does not read at once."""


def image_reading(reader: ImageReader) -> ImageReading | str:
    """What `codes_of` of the reader does, or why it cannot be described."""
    steps = tuple(described for step in reader.steps if (described := host_step(step)) is not None)
    if len(steps) < len(reader.steps):
        unknown = next(step.source for step in reader.steps if host_step(step) is None)
        return f"{unknown} has no description"
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


def results_of(parts: Sequence[HostPart]) -> tuple[HostStep, ...] | None:
    """What a host does after a network; None where a part has no description."""
    steps = tuple(part.step for part in parts if part.step is not None)
    return steps if len(steps) == len(parts) else None


def _quantiser(rounding: Rounding) -> HostQuantiser | None:
    match rounding:
        case QuantRounding(scale, zero_point, bounds, mode):
            return HostQuantiser("quant", scale, zero_point, bounds, mode)
        case LinearRounding(scale, zero_point, bounds):
            return HostQuantiser("linear", scale, zero_point, bounds)
        case BipolarRounding(scale, zero_point, bounds):
            return HostQuantiser("bipolar", scale, zero_point, bounds)
    return None
