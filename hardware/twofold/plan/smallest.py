"""The smallest engine that executes a network, whatever lanes and tiles that takes."""

from __future__ import annotations

from itertools import product

from twofold.errors import UserError
from twofold.network.graph import Network
from twofold.plan.area.capacity import Capacity
from twofold.plan.program import Program
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.rtl.geometry import TILES
from twofold.rtl.isa import BLOCKS_MAX
from twofold.rtl.primitives.family import Family

LANES = (8, 16)
"""Of the engines that are tried."""


def lanes_for(network: Network) -> tuple[int, ...]:
    """Those of LANES whose instructions count the channels of every map; the most lanes if there are none."""
    maps = (tensor.shape for tensor in network.tensors.values() if len(tensor.shape) == 3)
    channels = max((shape[0] for shape in maps), default=0)
    return tuple(lanes for lanes in LANES if channels <= BLOCKS_MAX * lanes) or LANES[-1:]


def smallest(
    network: Network,
    family: Family = Family.PORTABLE,
    device: Capacity | None = None,
    traced: bool = False,
) -> Program:
    """The network's program on the engine of the fewest multipliers that holds it.

    A single tile of 8 lanes holds most networks; maps of more channels or more pixels than its instructions
    and memories have room for take more. family, device: as of `propose`; traced: as of `plan`. Raises
    UserError, the one of the largest engine, if none holds the network.
    """
    sizes = sorted(product(lanes_for(network), TILES), key=lambda size: (size[0] ** 2 * size[1], size))
    refused: UserError | None = None
    for lanes, tiles in sizes:
        try:
            geometry = propose(network, lanes, tiles=tiles, family=family, device=device)
            return plan(network, geometry, traced=traced)
        except UserError as error:
            refused = error
    assert refused is not None
    raise refused
