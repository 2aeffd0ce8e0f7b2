"""What a device has, and what an engine would need beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Protocol

from twofold.plan.area.engine import EngineArea, engine_area
from twofold.rtl.geometry import Geometry
from twofold.rtl.primitives.family import Family


class Capacity(Protocol):
    """What a device has; of its `lut`, so many as `lutram` can be memories."""

    @property
    def name(self) -> str: ...
    @property
    def lut(self) -> int: ...
    @property
    def lutram(self) -> int: ...
    @property
    def ff(self) -> int: ...
    @property
    def dsp(self) -> int: ...
    @property
    def bram36(self) -> int: ...


def predicted_area(geometry: Geometry) -> EngineArea:
    """Of an engine on its family, by the model for the 7 series: UltraScale+ has the same LUTs."""
    return engine_area(replace(geometry, family=Family.XC7))


def excess(geometry: Geometry, device: Capacity) -> Mapping[str, tuple[float, float]]:
    """Resource → (predicted, there), of those that an engine of this geometry needs more of than there is."""
    needed: dict[str, float] = asdict(predicted_area(geometry))
    needed["lut"] += needed["lutram"]
    has = {name: getattr(device, name) for name in needed}
    return {name: (needed[name], has[name]) for name in needed if needed[name] > has[name]}
