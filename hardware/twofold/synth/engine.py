"""A whole engine from the primitives of its family: what it takes, and its longest path."""

from __future__ import annotations

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


def synthesise_engine(geometry: Geometry, cache: Path = CACHE, *, family: str = "xc7") -> Utilisation:
    """What the engine takes, by Yosys; seconds for a small one, ten minutes for eight tiles of 16 lanes.

    Kept in `cache` like other netlists. Raises UserError when Yosys fails.
    """
    return synthesise(
        Engine(geometry), TOP, family=family, wire_delay=_WIRE_DELAY, time_limit=_TIME_LIMIT, cache=cache
    )


def engine_path(geometry: Geometry, cache: Path = CACHE) -> LogicPath:
    """The longest path of an engine from xc7's primitives, which `exceeds(LUTS_MAX)` if it is too long.

    Takes and keeps the netlist of `synthesise_engine`. Not for xcup, where Yosys makes multipliers of DSP
    blocks without a register inside, whose delay is not one of LUTs. Raises UserError when Yosys fails.
    """
    netlist = mapped_netlist(
        Engine(geometry), TOP, wire_delay=_WIRE_DELAY, time_limit=_TIME_LIMIT, cache=cache
    )
    return longest_path(netlist, LUTS_MAX)
