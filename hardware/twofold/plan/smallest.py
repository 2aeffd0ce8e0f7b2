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
from twofold.rtl.primitives.family import Family

LANES = (8, 16)
"""Of the engines that are tried."""

SIZES = tuple(sorted(product(LANES, TILES), key=lambda size: (size[0] ** 2 * size[1], size)))
"""Lanes and tiles, by multipliers."""


def smallest(
    network: Network,
    family: Family = Family.PORTABLE,
    device: Capacity | None = None,
    traced: bool = False,
) -> Program:
    """The network's program on the first of SIZES that holds it.

    A single tile of 8 lanes holds most networks; maps of more channels or more pixels than its instructions
    and memories have room for take more. family, device: as of `propose`; traced: as of `plan`. Raises
    UserError, the one of the largest size, if none holds the network.
    """
    refused: UserError | None = None
    for lanes, tiles in SIZES:
        try:
            geometry = propose(network, lanes, tiles=tiles, family=family, device=device)
            return plan(network, geometry, traced=traced)
        except UserError as error:
            refused = error
    assert refused is not None
    raise refused
