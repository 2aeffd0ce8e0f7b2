"""Initial scales of activation quantisers, from example images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import brevitas.nn as qnn
import torch
from torch import Tensor, fx, nn

from twofold.quant.apot import ApotActivationQuant, ApotWeightProxy
from twofold.quant.integer import STATISTICS_BATCHES

_CANDIDATE_OCTAVES = 8


def tensor_quant_of(quantiser: qnn.QuantIdentity) -> nn.Module:
    """The module that quantises within a Brevitas activation layer."""
    return quantiser.act_quant.fused_activation_quant_proxy.tensor_quant


def calibrate(model: fx.GraphModule, example: Tensor) -> None:
    """Runs `example` until every activation scale is initialised; leaves the model in training mode.

    Batch normalisation after APoT weights, which are normalised and so of another size than the float
    weights, takes its statistics from `example`: a few hundred images at least. The rest keeps its own.
    APoT scales: the power of two of the smallest mean square error. Integer scales: Brevitas's percentile.
    """
    hooks = [
        module.register_forward_pre_hook(_fit_apot_scale)
        for module in model.modules()
        if isinstance(module, ApotActivationQuant)
    ]
    model.train()
    with _new_statistics(model), torch.no_grad():
        for _ in range(STATISTICS_BATCHES + 1):
            model(example)
    for hook in hooks:
        hook.remove()


@contextmanager
def _new_statistics(model: fx.GraphModule) -> Iterator[None]:
    """Batch normalisations after APoT weights average what passes; the others stand still."""
    momenta = {}
    for node in model.graph.nodes:
        if node.op == "call_module" and isinstance(norm := model.get_submodule(node.target), nn.BatchNorm2d):
            convolution = model.get_submodule(str(node.all_input_nodes[0].target))
            if isinstance(convolution.weight_quant, ApotWeightProxy):
                momenta[norm], norm.momentum = norm.momentum, None
                norm.reset_running_stats()
            else:
                norm.eval()
    yield
    for norm, momentum in momenta.items():
        norm.momentum = momentum


def _fit_apot_scale(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
    assert isinstance(module, ApotActivationQuant)
    x = arguments[0]
    covering = max(float(x.max()), torch.finfo(torch.float32).tiny) / module.levels.largest
    exponent = int(torch.tensor(covering).log2().ceil())
    errors = {}
    for candidate in range(exponent - _CANDIDATE_OCTAVES, exponent + 1):
        module.set_scale(2.0**candidate)
        errors[candidate] = float((module.forward(x)[0] - x).square().mean())
    module.set_scale(2.0 ** min(errors, key=lambda candidate: errors[candidate]))
