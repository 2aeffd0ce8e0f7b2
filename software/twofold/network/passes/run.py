"""Runs passes; the network is verified before the first and after each."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twofold.network.graph import Network
from twofold.network.verify import verify

Pass = Callable[[Network], Network]


def run_passes(network: Network, passes: Iterable[Pass]) -> Network:
    network = verify(network)
    for step in passes:
        network = verify(step(network))
    return network
