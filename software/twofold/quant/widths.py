"""How many bits the layers of a quantised network multiply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import brevitas.nn as qnn
from torch import fx, nn

from twofold.quant.apot import ApotActivationQuant
from twofold.quant.codes import tensor_quant_of
from twofold.quant.layers import DynamicQuantiser
from twofold.quant.weighted import is_apot, weight_quantiser


@dataclass(frozen=True)
class Width:
    """Bits of a layer's weights and of the activations that it reads; None: multiplied as floats."""

    weights: int | None
    activations: int | None


def widths_of(model: fx.GraphModule) -> Mapping[str, Width]:
    """Name → widths of every layer with weights of a model of `quantise`, folded, frozen or neither.

    APoT counts its nominal width, not that of the integers which hold its levels.
    """
    return {
        str(node.target): _width(model, node, model.get_submodule(str(node.target)))
        for node in _weighted(model)
    }


def _weighted(model: fx.GraphModule) -> Iterator[fx.Node]:
    for node in model.graph.nodes:
        if node.op == "call_module" and isinstance(model.get_submodule(node.target), nn.Conv2d | nn.Linear):
            yield node


def _width(model: fx.GraphModule, node: fx.Node, layer: nn.Module) -> Width:
    weights = _weight_width(layer)
    return Width(weights, None if weights is None else _operand_width(model, node))


def _weight_width(layer: nn.Module) -> int | None:
    if is_apot(layer):
        return weight_quantiser(layer).apot_bits
    if isinstance(layer, qnn.QuantConv2d | qnn.QuantLinear):
        return int(layer.quant_weight().bit_width)
    return None


def operands_of(model: fx.GraphModule) -> Mapping[str, frozenset[str]]:
    """Name of each layer with weights → names of the quantisers on whose grid its operand lies: one, or,
    where it is joined, all that share its scale.

    Layers that read floats are left out.
    """
    found = {str(node.target): _operand(model, node) for node in _weighted(model)}
    return {name: _sharing(model, quantiser) for name, quantiser in found.items() if quantiser is not None}


def _sharing(model: fx.GraphModule, quantiser: str) -> frozenset[str]:
    own = getattr(model.get_submodule(quantiser), "act_quant", None)
    others = (name for name, module in model.named_modules() if isinstance(module, qnn.QuantIdentity))
    return frozenset({quantiser}).union(o for o in others if model.get_submodule(o).act_quant is own)


def _operand(model: fx.GraphModule, node: fx.Node) -> str | None:
    while node.all_input_nodes:
        node = node.all_input_nodes[0]
        module = model.get_submodule(str(node.target)) if node.op == "call_module" else None
        if isinstance(module, qnn.QuantIdentity | DynamicQuantiser):
            return str(node.target)
        if isinstance(module, nn.Conv2d | nn.Linear):
            return None
    return None


def _operand_width(model: fx.GraphModule, node: fx.Node) -> int | None:
    name = _operand(model, node)
    if name is None:
        return None
    quantiser = model.get_submodule(name)
    return quantiser.bits if isinstance(quantiser, DynamicQuantiser) else activation_width(quantiser)


def activation_width(quantiser: nn.Module) -> int:
    """Bits of a quantiser of `quantise`."""
    assert isinstance(quantiser, qnn.QuantIdentity)
    inner = tensor_quant_of(quantiser)
    if isinstance(inner, ApotActivationQuant):
        return inner.apot_bits
    return int(quantiser.act_quant.bit_width())
