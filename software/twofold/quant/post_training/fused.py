"""The float network without batch normalisation, and with channels of like ranges."""

from __future__ import annotations

import copy
import warnings

import torch
from brevitas.graph.equalize import EqualizeGraph
from torch import fx, nn

from twofold.quant.layers import BatchNorm
from twofold.quant.post_training.spelling import spell
from twofold.quant.trace import trace

#: Sweeps over all pairs of layers; Brevitas stops earlier when a sweep changes no scale by more than 5%.
_SWEEPS = 20


def fused(model: nn.Module) -> fx.GraphModule:
    """A traced copy in evaluation mode, each batch normalisation gone into the layer that it reads.

    A normalisation of anything else stays, and `quantise` refuses it.
    """
    graph = trace(copy.deepcopy(model).eval())
    for node in list(graph.graph.nodes):
        if node.op == "call_module" and isinstance(graph.get_submodule(node.target), BatchNorm):
            _fuse(graph, node)
    graph.delete_all_unused_submodules()
    graph.recompile()
    return graph


def _fuse(graph: fx.GraphModule, node: fx.Node) -> None:
    source = node.all_input_nodes[0]
    layer = graph.get_submodule(str(source.target)) if source.op == "call_module" else None
    if len(source.users) > 1:
        return
    match layer, graph.get_submodule(str(node.target)):
        case nn.Conv2d(), nn.BatchNorm2d(track_running_stats=True) as norm:
            merged: nn.Module = torch.nn.utils.fuse_conv_bn_eval(layer, norm)
        case nn.Linear(), nn.BatchNorm1d(track_running_stats=True) as norm:
            merged = torch.nn.utils.fuse_linear_bn_eval(layer, norm)
        case _:
            return
    graph.set_submodule(str(source.target), merged)
    node.replace_all_uses_with(source)
    graph.graph.erase_node(node)


def equalised(model: fx.GraphModule) -> fx.GraphModule:
    """The same function in place, channels between layers rescaled so that their weights have like ranges.

    Channel c of a layer's results is divided by s[c], the next layer's weights that read it are multiplied:
    s = √(range of the filters / range of the readers), which ReLU and pooling let pass (Nagel et al.,
    "Data-Free Quantization Through Weight Equalization and Bias Correction", arXiv 1906.04721, section 4.1).
    A range is the greatest magnitude; a filter's counts its bias, over 2 to 20, as Brevitas has it. Channels
    that meet a `ReLU6` or the network's input or output stay, and so do flattened maps of several pixels.
    """
    spell(model)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Detected source and sink with non compatible shapes")
        found: fx.GraphModule = EqualizeGraph(iterations=_SWEEPS).apply(model)
    return found
