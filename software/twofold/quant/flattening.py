"""The ways in which people write that a map becomes a vector, brought to one: `torch.flatten(x, 1)`."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from twofold.quant.sizes import asked, numbers

_RESHAPES = ("view", "reshape")
_OF_MAPS = {2, 3, -1, -2}
"""The dimensions of a map [N, C, 1, 1], or of what is left of one, that `squeeze` may take away."""


def unify_flattening(traced: fx.GraphModule) -> None:
    """In place: `x.view(len, -1)`, `x.reshape(-1, 400)`, `x.squeeze(3).squeeze(2)` and the like become
    `torch.flatten(x, 1)`, under the same names.

    len: `x.size(0)` or `x.shape[0]`, of any tensor, or a number. Sizes are not known here: whether the model
    still computes the same is for the caller to try.
    """
    for node in traced.graph.nodes:
        if is_flattening(node):
            node.op, node.target = "call_function", torch.flatten
            node.args, node.kwargs = (node.args[0], 1), {}


def is_flattening(node: fx.Node) -> bool:
    """Whether it is one of those ways, other than `torch.flatten` itself."""
    if node.op not in ("call_function", "call_method"):
        return False
    if node.target in (*_RESHAPES, torch.reshape):
        sizes = numbers(node, "shape")
        return len(sizes) == 2 and _is_count(sizes[0]) and isinstance(sizes[1], int)
    if node.target in ("squeeze", torch.squeeze):
        dimensions = numbers(node, "dim")
        return bool(dimensions) and set(dimensions) <= _OF_MAPS
    return False


def _is_count(size: Any) -> bool:
    """Whether `size` is a number of images: dimension 0 of a tensor, what is left over, or a number."""
    found = asked(size)
    return isinstance(size, int) if found is None else found[1] == (0,)
