"""Axes as an attribute (older operator sets) or as an input (newer ones)."""

from __future__ import annotations

from typing import Any

from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk


def named_axes(walk: Walk, node: Node) -> list[Any]:
    """What `node` names as axes, whatever it is; empty if it names none."""
    walk.require_inputs(node, 1, 2)
    if len(node.inputs) > 1:
        return list(walk.fixed(node, 1, "axes").array.ravel().tolist())
    axes = node.attributes.get("axes", [])
    return axes if isinstance(axes, list) else [axes]


def axes_of(walk: Walk, node: Node, rank: int) -> set[int]:
    """The axes that `node` names, each from 0 to rank − 1 and once; empty if it names none."""
    axes = named_axes(walk, node)
    for axis in axes:
        if not isinstance(axis, int) or not -rank <= axis < rank:
            raise node.refuse("axes", axes, f"integers from {-rank} to {rank - 1}", "name axes of the input")
    distinct = {axis % rank for axis in axes}
    if len(distinct) < len(axes):
        raise node.refuse("axes", axes, "each axis once", "name axes of the input")
    return distinct
