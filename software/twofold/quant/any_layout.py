"""Networks that flatten maps of any memory layout, with any number of channels left."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, fx, nn

from twofold.errors import UserError
from twofold.quant.flattening import is_flattening
from twofold.quant.node_layer import module_of
from twofold.quant.trace import symbolic_trace, unify
from twofold.quant.trace_check import check_traced

_DROPOUTS = (F.dropout, F.dropout2d)


def in_any_layout(model: nn.Module, images: Tensor) -> nn.Module:
    """`model`, or, if it flattens by `view`, `reshape` or `squeeze`, one that does so by `torch.flatten`.

    `view` refuses maps whose channels are last in memory, and a size in numbers those of which filters were
    pruned. The other one has the same modules, under the same names. images: what both are tried with. A
    model that is not understood is given back as it is.
    """
    try:
        traced = symbolic_trace(model)
        if not any(map(is_flattening, traced.graph.nodes)):
            return model
        check_traced(model, images)
        unify(traced)
        _switch_dropout(traced)
    except UserError:
        return model
    for name, module in model.named_modules():
        if not _has(traced, name):
            traced.add_submodule(name, module)
    return traced


def _switch_dropout(traced: fx.GraphModule) -> None:
    """Dropout by a call becomes a module: traced, the call would drop in evaluation mode, too.

    Raises UserError for calls that are not supported, as they might do likewise.
    """
    for node in traced.graph.nodes:
        if node.op not in ("call_function", "call_method"):
            continue
        module = module_of(node, traced)
        if node.target in _DROPOUTS:
            traced.add_submodule(node.name, module)
            node.op, node.target = "call_module", node.name
            node.args, node.kwargs = tuple(node.all_input_nodes), {}
    traced.recompile()


def _has(model: nn.Module, name: str) -> bool:
    try:
        model.get_submodule(name)
    except AttributeError:
        return False
    return True
