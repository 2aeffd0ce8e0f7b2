"""The ways in which people write that a map becomes a vector, brought to one: `torch.flatten(x, 1)`."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import fx

_RESHAPES = ("view", "reshape")
_OF_MAPS = {2, 3, -1, -2}
"""The dimensions of a map [N, C, 1, 1], or of what is left of one, that `squeeze` may take away."""
_OF_SHAPES = ("size", getattr, operator.getitem)


def unify_flattening(traced: fx.GraphModule) -> None:
    """In place: `x.view(len, -1)`, `x.reshape(-1, 400)`, `x.squeeze(3).squeeze(2)` and the like become
    `torch.flatten(x, 1)`, under the same names; what asked for sizes alone goes.

    len: `x.size(0)` or `x.shape[0]`, of any tensor, or a number. Sizes are not known here: whether the model
    still computes the same is for the caller to try.
    """
    for node in traced.graph.nodes:
        if is_flattening(node):
            node.op, node.target = "call_function", torch.flatten
            node.args, node.kwargs = (node.args[0], 1), {}
    for node in reversed(list(traced.graph.nodes)):
        if node.target in _OF_SHAPES and not node.users:
            traced.graph.erase_node(node)
    traced.recompile()


def is_flattening(node: fx.Node) -> bool:
    """Whether it is one of those ways, other than `torch.flatten` itself."""
    if node.op not in ("call_function", "call_method"):
        return False
    if node.target in (*_RESHAPES, torch.reshape):
        sizes = _numbers(node, "shape")
        return len(sizes) == 2 and _is_count(sizes[0]) and isinstance(sizes[1], int)
    if node.target in ("squeeze", torch.squeeze):
        dimensions = _numbers(node, "dim")
        return bool(dimensions) and set(dimensions) <= _OF_MAPS
    return False


def _numbers(node: fx.Node, keyword: str) -> tuple[Any, ...]:
    """What follows the tensor, given one by one or as a tuple."""
    given = node.args[1:] or tuple(node.kwargs[name] for name in (keyword,) if name in node.kwargs)
    return tuple(given[0]) if len(given) == 1 and isinstance(given[0], tuple | list) else given


def _is_count(size: Any) -> bool:
    """Whether `size` is a number of images: dimension 0 of a tensor, what is left over, or a number."""
    if not isinstance(size, fx.Node):
        return isinstance(size, int)
    if size.target == "size":
        return _numbers(size, "dim") == (0,)
    return size.target is operator.getitem and bool(size.args[1] == 0) and _is_shape(size.args[0])


def _is_shape(shape: Any) -> bool:
    if not isinstance(shape, fx.Node):
        return False
    return (shape.target is getattr and shape.args[1] == "shape") or (
        shape.target == "size" and not _numbers(shape, "dim")
    )
