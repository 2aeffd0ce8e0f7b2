"""Averages over a whole map, written with its size, brought to one: `adaptive_avg_pool2d(x, 1)`."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import fx

from twofold.quant.sizes import asked

_HEIGHT_WIDTH = {2, 3}


def unify_global_averages(traced: fx.GraphModule) -> None:
    """In place: `avg_pool2d(x, x.size()[2:])`, `avg_pool2d(x, x.size(3))` and the like become
    `adaptive_avg_pool2d(x, 1)`, under the same names.

    One size stands for both, as if maps were square: whether the model still computes the same is for the
    caller to try.
    """
    for node in traced.graph.nodes:
        if node.target is F.avg_pool2d and _is_whole_map(node):
            node.target, node.args, node.kwargs = F.adaptive_avg_pool2d, (node.args[0], 1), {}


def _is_whole_map(node: fx.Node) -> bool:
    """Whether its only argument beside the map is that map's height and width."""
    given = (*node.args[1:], *node.kwargs.values())
    if len(given) != 1 or not node.args:
        return False
    sizes = given[0] if isinstance(given[0], tuple | list) else (given[0],)
    return all(_is_of(node.args[0], size) for size in sizes)


def _is_of(image: Any, size: Any) -> bool:
    found = asked(size)
    return found is not None and found[0] is image and set(found[1]) <= _HEIGHT_WIDTH
