"""Calls that write into their operand, and who reads that afterwards."""

from __future__ import annotations

import operator

import torch
import torch.nn.functional as F
from torch import fx

_ALWAYS = (operator.iadd, torch.relu_, "relu_", "add_")
#: Functions that do if told so, and where they are told.
_IF_TOLD = {F.relu: 1, F.relu6: 1, F.dropout: 3, F.dropout2d: 3}


def follow_writes(traced: fx.GraphModule) -> None:
    """In place: what reads a tensor after `nn.ReLU(inplace=True)`, `+=` and the like have written into it
    reads their result.

    So it stays the same when what writes is replaced by what does not. Tensors that share memory because one
    is a view of the other are not followed.
    """
    nodes = list(traced.graph.nodes)
    for place, node in enumerate(nodes):
        if _writes(node, traced):
            later = set(nodes[place + 1 :])
            node.all_input_nodes[0].replace_all_uses_with(node, later.__contains__)
    traced.recompile()


def _writes(node: fx.Node, traced: fx.GraphModule) -> bool:
    if node.op == "call_module":
        return bool(getattr(traced.get_submodule(str(node.target)), "inplace", False))
    if node.target in _IF_TOLD:
        place = _IF_TOLD[node.target]
        return bool(node.args[place] if len(node.args) > place else node.kwargs.get("inplace", False))
    return node.target in _ALWAYS
