"""Whether an engine fits a device, by the planner's model of its area."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from twofold.errors import UserError
from twofold.network.graph import Network
from twofold.plan.area.capacity import Capacity, excess
from twofold.plan.propose import propose
from twofold.rtl.geometry import Geometry


def check_fits(network: Network, geometry: Geometry, device: Capacity) -> Geometry:
    """The geometry again. Raises UserError if an engine of it does not fit, naming the nearest that does."""
    wrong = excess(geometry, device)
    if not wrong:
        return geometry
    found = ", ".join(f"{needed:g} {name} of {has}" for name, (needed, has) in wrong.items())
    nearest = next((g for g in _smaller(network, geometry, device) if not excess(g, device)), None)
    way_out = f"{_size(nearest)} would fit" if nearest else "no smaller engine would fit"
    raise UserError(
        f"{network.name}: expected an engine that fits {device.name}, {_size(geometry)} would take {found}; "
        f"{way_out}"
    )


def _size(geometry: Geometry) -> str:
    return f"{geometry.tiles} × {geometry.lanes} lanes"


def _smaller(network: Network, geometry: Geometry, device: Capacity) -> Iterator[Geometry]:
    """Engines for the network with the same kinds and lanes, and then with the least lanes."""
    for lanes in sorted({geometry.lanes, 8}, reverse=True):
        tiles = geometry.tiles if lanes < geometry.lanes else geometry.tiles // 2
        while tiles:
            with suppress(UserError):
                yield propose(
                    network, lanes, geometry.kinds, tiles=tiles, family=geometry.family, device=device
                )
            tiles //= 2
