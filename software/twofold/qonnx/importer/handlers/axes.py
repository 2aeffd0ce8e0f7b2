"""Axes as an attribute (older operator sets) or as an input (newer ones)."""

from __future__ import annotations

from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk


def axes_of(walk: Walk, node: Node, rank: int) -> set[int]:
    """The axes that `node` names, each from 0 to rank − 1; empty if it names none."""
    walk.require_inputs(node, 1, 2)
    axes = node.attributes.get("axes", [])
    if len(node.inputs) > 1:
        axes = walk.fixed(node, 1, "axes").array.ravel().tolist()
    for axis in axes:
        if not isinstance(axis, int) or not -rank <= axis < rank:
            raise node.refuse("axes", axes, f"integers from {-rank} to {rank - 1}", "name axes of the input")
    return {axis % rank for axis in axes}
