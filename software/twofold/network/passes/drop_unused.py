"""Removes what does not lead to the output."""

from __future__ import annotations

from dataclasses import replace

from twofold.network.graph import Network
from twofold.network.ops import Op


def drop_unused(network: Network) -> Network:
    """The same network without ops whose result neither another op nor the caller reads."""
    needed = {network.output_name}
    kept: list[Op] = []
    for op in reversed(network.ops):
        if op.output in needed:
            kept.append(op)
            needed.update(op.inputs)
    needed.add(network.input_name)
    tensors = {name: tensor for name, tensor in network.tensors.items() if name in needed}
    return replace(network, tensors=tensors, ops=tuple(reversed(kept)))
