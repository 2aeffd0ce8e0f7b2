"""What the tiles of an engine must be able to do beside convolutions, for a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from twofold.network.ops import Add, Conv2d, MaxPool2d, Threshold, Upsample2d
from twofold.plan.layer_fields import padding_code
from twofold.plan.stages import Stage
from twofold.plan.threshold_form import threshold_form
from twofold.plan.window import Window
from twofold.rtl.geometry import LANE_BITS, PARTS_MAX, Feature, Geometry, PeName
from twofold.rtl.isa import WINDOW_BITS

LEVEL_BITS_MIN = 4


def fit_forms(parts: Sequence[Stage], draft: Geometry) -> Geometry:
    """The draft with the operations that the stages need; all its tiles have multipliers."""
    thresholds = [part.quantiser for part in parts if isinstance(part.quantiser, Threshold)]
    shifts = [max(part.body.shifts) for part in parts if isinstance(part.body, Add)]
    return replace(
        draft,
        full_tiles=None,
        thresholds=bool(thresholds),
        level_bits=0 if all(map(_is_counted, thresholds)) else max(map(_level_bits, thresholds)),
        features=tuple(feature for feature, is_needed in _NEEDED.items() if any(map(is_needed, parts))),
        lane_shift=max(shifts, default=0),
    )


def _is_counted(quantiser: Threshold) -> bool:
    """Whether each threshold leads to the next code."""
    return bool((np.diff(quantiser.levels) == 1).all())


def _pads(part: Stage) -> bool:
    """Whether what lies outside of the stage's operand can be another code than 0."""
    padded = isinstance(part.body, Conv2d | MaxPool2d) and any(part.body.padding)
    return padded and padding_code(part) != 0


_NEEDED: Mapping[Feature, Callable[[Stage], bool]] = MappingProxyType(
    {
        Feature.MAX_POOLING: lambda part: isinstance(part.body, MaxPool2d),
        Feature.PADDING: _pads,
        Feature.UPSAMPLING: lambda part: isinstance(part.body, Upsample2d),
        Feature.LARGE_WINDOWS: lambda part: max(Window.of(part).taps) >> WINDOW_BITS > 0,
    }
)


def _level_bits(quantiser: Threshold) -> int:
    if quantiser.levels.min() < 0:
        return LANE_BITS
    return max(int(quantiser.levels.max()).bit_length(), LEVEL_BITS_MIN)


def with_fewer_multipliers(parts: Sequence[Stage], geometry: Geometry) -> Iterator[Geometry]:
    """The geometry with 1, 2, 4, … full tiles, if thresholds can do the rest, and at last with all."""
    lean = [threshold_form(part) for part in parts]
    if any(isinstance(part.quantiser, Threshold) for part in lean):
        full = 1
        while full < geometry.tiles:
            yield replace(fit_forms(lean, geometry), full_tiles=full)
            full *= 2
    yield fit_forms(parts, geometry)


def with_shared_multipliers(geometry: Geometry) -> Iterator[Geometry]:
    """The geometry with 1, 2, 4, … lanes of a full tile requantised at a time, and at last with all."""
    lanes = 1
    while lanes < geometry.lanes:
        if not geometry.lanes % lanes:
            yield replace(geometry, multiplier_lanes=lanes)
        lanes *= 2
    yield geometry


def with_fewer_products(parts: Sequence[Stage], geometry: Geometry) -> Iterator[Geometry]:
    """The geometry with as few inputs of `int8_dsp` as some layer has channels, or shares of them, in rising
    order, and at last with all. The first layer has those of its kernel's columns, too."""
    if PeName.INT8_DSP in geometry.kinds:
        convolutions = [part for part in parts if isinstance(part.body, Conv2d)]
        channels = {part.operands[0].channels for part in convolutions}
        channels |= {
            part.operands[0].channels * part.body.weight.shape[3]
            for part in convolutions[:1]
            if isinstance(part.body, Conv2d)
        }
        shares = {-(-count // passes) for count in channels for passes in range(1, PARTS_MAX + 1)}
        for inputs in sorted(shares):
            if geometry.lanes / PARTS_MAX <= inputs < geometry.lanes:
                yield replace(geometry, int8_dsp_inputs=inputs)
    yield geometry
