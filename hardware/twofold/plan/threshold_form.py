"""The threshold form of a requantisation by multiplier, which engines can do without one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from twofold.network.ops import Requantise, Threshold
from twofold.network.thresholds import rounding_thresholds
from twofold.plan.stages import Stage
from twofold.rtl.geometry import Geometry
from twofold.rtl.tile import THRESHOLD_BITS


def executed(stage: Stage, geometry: Geometry) -> Stage:
    """The stage as the geometry requantises it: by thresholds if not all tiles have a multiplier."""
    return stage if geometry.multipliers == geometry.tiles else threshold_form(stage)


def threshold_form(stage: Stage) -> Stage:
    """The same codes by thresholds, exactly; the stage itself if it has too many codes for them."""
    quantiser = stage.quantiser
    if not isinstance(quantiser, Requantise):
        return stage
    low, high = quantiser.bounds
    if high - low >= 1 << THRESHOLD_BITS:
        return stage
    codes = [code - stage.offset for code in range(low + 1, high + 1)]
    gains = (
        Fraction(int(m), 1 << int(n)) for m, n in zip(quantiser.multiplier, quantiser.shift, strict=True)
    )
    rows = [rounding_thresholds(gain, Fraction(0), codes) for gain in gains]
    form = Threshold(
        quantiser.name,
        quantiser.inputs,
        quantiser.output,
        thresholds=np.array(rows, np.int64).reshape(len(rows), len(codes)),
        levels=np.arange(low, high + 1),
    )
    return replace(stage, quantiser=form)
