"""A whole engine from the primitives of its family: what it takes, and its longest path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from twofold.rtl.engine import Engine
from twofold.rtl.geometry import Geometry
from twofold.synth.depth import LogicPath, longest_path
from twofold.synth.utilisation import Utilisation
from twofold.synth.yosys import CACHE, mapped_netlist, synthesise

TOP = "engine"
LUTS_MAX = 5
"""On the longest path, beside one carry chain."""

_WIRE_DELAY = 1200
"""ps. Block RAMs and DSP blocks give an engine's logic time for many fast LUTs in a row; routing does not."""
_TIME_LIMIT = 4 * 3600.0


@dataclass(frozen=True)
class SynthesisedEngine:
    """used: resources. path: the longest, which `LogicPath.exceeds(LUTS_MAX)` if it is too long."""

    used: Utilisation
    path: LogicPath


def synthesise_engine(geometry: Geometry, cache: Path = CACHE, *, family: str = "xc7") -> SynthesisedEngine:
    """The engine by Yosys; seconds for a small one, an hour for eight tiles of 16 lanes.

    Kept in `cache` like other netlists. Raises UserError when Yosys fails.
    """
    design = Engine(geometry)
    netlist = mapped_netlist(
        design, TOP, family=family, wire_delay=_WIRE_DELAY, time_limit=_TIME_LIMIT, cache=cache
    )
    used = synthesise(design, TOP, family=family, wire_delay=_WIRE_DELAY, time_limit=_TIME_LIMIT, cache=cache)
    return SynthesisedEngine(used, longest_path(netlist, LUTS_MAX))
