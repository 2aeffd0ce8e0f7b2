"""One way to write what lies between a network's layers with weights: the one that Brevitas sees through."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, get_args

import torch
import torch.nn.functional as F
from torch import fx, nn

from twofold.quant.layers import Add, Concat, Dropout, ReLU6
from twofold.quant.node_layer import joined_by, module_of

_SCALABLE = (nn.ReLU, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Identity, *get_args(Dropout))


def spell(traced: fx.GraphModule) -> None:
    """In place, of a traced network in evaluation mode, under the same names: what lets a factor of a channel
    pass becomes a module, what reshapes, adds or joins a function. `ReLU6`, which lets none pass, stays.

    Raises UserError, naming the node, for what is not supported.
    """
    for node in list(traced.graph.nodes):
        if node.op.startswith("call_"):
            _spell(traced, node)
    traced.recompile()


def _spell(traced: fx.GraphModule, node: fx.Node) -> None:
    match module_of(node, traced):
        case ReLU6():
            return
        case layer if isinstance(layer, _SCALABLE) and node.op != "call_module":
            _call_module(traced, node, layer, node.all_input_nodes[0])
        case nn.Sequential() as average:
            with traced.graph.inserting_before(node):
                pooled = traced.graph.create_node("call_module", "", name=f"{node.name}_pool")
            _call_module(traced, pooled, average[0], node.all_input_nodes[0])
            _call(node, torch.flatten, pooled, 1)
        case nn.Flatten():
            _call(node, torch.flatten, node.all_input_nodes[0], 1)
        case nn.Upsample() as layer:
            _call(node, F.interpolate, node.all_input_nodes[0], scale_factor=2, mode=layer.mode)
        case Add():
            _call(node, operator.add, *node.args[:2])
        case Concat():
            _call(node, torch.cat, list(joined_by(node)), 1)


def _call(node: fx.Node, function: Callable[..., Any], *arguments: Any, **named: Any) -> None:
    node.op, node.target, node.args, node.kwargs = "call_function", function, arguments, named


def _call_module(traced: fx.GraphModule, node: fx.Node, module: nn.Module, operand: fx.Node) -> None:
    target = f"{node.name}_called"
    traced.add_submodule(target, module.eval())
    node.op, node.target, node.args, node.kwargs = "call_module", target, (operand,), {}
