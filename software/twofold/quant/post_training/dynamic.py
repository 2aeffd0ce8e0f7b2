"""Activations whose scale is chosen anew for each batch, or that stay in float."""

from __future__ import annotations

import brevitas.nn as qnn
from torch import fx, nn

from twofold.quant.layers import DynamicQuantiser
from twofold.quant.widths import activation_width


def with_dynamic_activations(model: fx.GraphModule) -> fx.GraphModule:
    """Each activation quantiser of a model of `quantise` becomes dynamic, in place, of the same width."""
    for name, quantiser in _quantisers(model):
        signed = bool(quantiser.act_quant.is_signed)
        model.set_submodule(name, DynamicQuantiser(activation_width(quantiser), signed))
    return model


def with_float_activations(model: fx.GraphModule) -> fx.GraphModule:
    """Each activation quantiser of a model of `quantise` goes, in place; only weights are quantised then."""
    for name, _ in _quantisers(model):
        model.set_submodule(name, nn.Identity())
    return model


def _quantisers(model: fx.GraphModule) -> list[tuple[str, qnn.QuantIdentity]]:
    return [(name, module) for name, module in model.named_modules() if isinstance(module, qnn.QuantIdentity)]
