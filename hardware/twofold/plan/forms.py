"""What the tiles of an engine must be able to do beside convolutions, for a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from twofold.network.ops import Add, Conv2d, MaxPool2d, Requantise, Threshold
from twofold.plan.stages import Stage
from twofold.rtl.geometry import LANE_BITS, PARTS_MAX, Geometry, PeName

LEVEL_BITS_MIN = 4


def fit_forms(parts: Sequence[Stage], draft: Geometry) -> Geometry:
    """The draft with the operations that the stages need; all its tiles have multipliers."""
    thresholds = [part.quantiser for part in parts if isinstance(part.quantiser, Threshold)]
    shifts = [max(part.body.shifts) for part in parts if isinstance(part.body, Add)]
    return replace(
        draft,
        full_tiles=None,
        thresholds=bool(thresholds),
        max_pooling=any(isinstance(part.body, MaxPool2d) for part in parts),
        level_bits=max((_level_bits(quantiser) for quantiser in thresholds), default=LEVEL_BITS_MIN),
        lane_shift=max(shifts, default=0),
    )


def _level_bits(quantiser: Threshold) -> int:
    if quantiser.levels.min() < 0:
        return LANE_BITS
    return max(int(quantiser.levels.max()).bit_length(), LEVEL_BITS_MIN)


def with_fewer_multipliers(parts: Sequence[Stage], geometry: Geometry) -> Iterator[Geometry]:
    """The geometry with 1, 2, 4, … full tiles, as far as the stages allow, and at last with all."""
    if geometry.thresholds and any(not isinstance(part.quantiser, Requantise) for part in parts):
        full = 1
        while full < geometry.tiles:
            yield replace(geometry, full_tiles=full)
            full *= 2
    yield geometry


def with_fewer_products(parts: Sequence[Stage], geometry: Geometry) -> Iterator[Geometry]:
    """The geometry with as few inputs of `int8_dsp` as some layer has channels, and at last with all."""
    if PeName.INT8_DSP in geometry.kinds:
        channels = {part.operands[0].channels for part in parts if isinstance(part.body, Conv2d)}
        for inputs in sorted(channels):
            if geometry.lanes / PARTS_MAX <= inputs < geometry.lanes:
                yield replace(geometry, int8_dsp_inputs=inputs)
    yield geometry
