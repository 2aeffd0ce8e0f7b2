"""Sizes that forward() asks of its tensors."""

from __future__ import annotations

import operator
from typing import Any

from torch import fx

_MAP = (0, 1, 2, 3)


def asked(size: Any) -> tuple[Any, tuple[int, ...]] | None:
    """The tensor and those of its axes whose sizes `size` is: `x.size(0)` → (x, (0,)), `x.shape[2:]` →
    (x, (2, 3)). Axes from the end are a map's, [N, C, H, W].

    None for anything else.
    """
    if not isinstance(size, fx.Node):
        return None
    if size.target is operator.getitem:
        whole = asked(size.args[0])
        return whole and _part(*whole, size.args[1])
    if size.target is getattr and size.args[1] == "shape":
        return size.args[0], _MAP
    if size.target != "size":
        return None
    axes = numbers(size, "dim")
    return _part(size.args[0], _MAP, axes[0]) if axes else (size.args[0], _MAP)


def numbers(node: fx.Node, keyword: str) -> tuple[Any, ...]:
    """What follows the tensor in a call, given one by one or as a tuple."""
    given = node.args[1:] or tuple(node.kwargs[name] for name in (keyword,) if name in node.kwargs)
    return tuple(given[0]) if len(given) == 1 and isinstance(given[0], tuple | list) else given


def _part(tensor: Any, axes: tuple[int, ...], index: Any) -> tuple[Any, tuple[int, ...]] | None:
    try:
        part = axes[index]
    except (IndexError, TypeError):
        return None
    return tensor, part if isinstance(part, tuple) else (part,)
