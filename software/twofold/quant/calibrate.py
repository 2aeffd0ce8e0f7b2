"""Initial scales of activation quantisers, from example images."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import brevitas.nn as qnn
import torch
from torch import Tensor, fx, nn

from twofold.quant.apot import ApotActivationQuant
from twofold.quant.codes import tensor_quant_of
from twofold.quant.integer import STATISTICS_BATCHES, has_free_scale
from twofold.quant.layers import BatchNorm, Dropout
from twofold.quant.operands import Operands, passes, quantisers_of, sharing_of
from twofold.quant.recipe import EDGE_BITS
from twofold.quant.weighted import is_apot

_CANDIDATE_OCTAVES = 8
#: Candidates in an octave for scales that need not be powers of two.
_FREE_STEPS = 4


def calibrate(model: fx.GraphModule, example: Tensor) -> None:
    """Runs `example` until every activation scale is initialised; leaves the model in training mode.

    Batch normalisation after APoT weights, which are normalised and so of another size than the float
    weights, takes its statistics from `example`: a few hundred images at least. The rest keeps its own.
    APoT scales and those of integers below 8 bits: of the powers of two, or, where scales are free, of four
    in an octave, the one of the smallest mean square error; a scale that several quantisers share, over all
    that they quantise. Other integer scales: Brevitas's percentile.
    """
    operands = Operands()

    def fit_apot(module: Any, arguments: tuple[Tensor, ...]) -> None:
        _fit_apot_scale(tensor_quant_of(module), operands.seen(module, arguments[0]))

    hooks = [
        module.register_forward_pre_hook(fit_apot) for module in quantisers_of(model) if _is_apot(module)
    ]
    model.train()
    for module in model.modules():
        if isinstance(module, Dropout):
            module.eval()
    with _new_statistics(model), torch.no_grad():
        for _ in range(STATISTICS_BATCHES + 1):
            model(example)
    for hook in hooks:
        hook.remove()
    _fit_narrow_scales(model, example)


@contextmanager
def _new_statistics(model: fx.GraphModule) -> Iterator[None]:
    """Batch normalisations after APoT weights average what passes; the others stand still."""
    momenta = {}
    for node in model.graph.nodes:
        if node.op == "call_module" and isinstance(norm := model.get_submodule(node.target), BatchNorm):
            layer = model.get_submodule(str(node.all_input_nodes[0].target))
            if is_apot(layer):
                momenta[norm], norm.momentum = norm.momentum, None
                norm.reset_running_stats()
            else:
                norm.eval()
    yield
    for norm, momentum in momenta.items():
        norm.momentum = momentum


def _fit_apot_scale(inner: nn.Module, values: Tensor) -> None:
    assert isinstance(inner, ApotActivationQuant)
    steps = 1 if inner.power_of_two else _FREE_STEPS
    choose_scale(values, inner.levels.largest, inner.set_scale, lambda x: inner.forward(x)[0], steps)


def _fit_narrow_scales(model: fx.GraphModule, example: Tensor) -> None:
    """One layer after the other, each on what the layers before it give.

    Twice where quantisers share a scale: the first of them is then fitted to what all quantise.
    """
    operands, sharing = Operands(), sharing_of(model)

    def fit(module: Any, arguments: tuple[Tensor, ...]) -> None:
        fit_int_scale(module, operands.seen(module, arguments[0]))

    fitted = [
        module
        for module in quantisers_of(model)
        if not _is_apot(module) and (_is_narrow(module) or sharing[module.act_quant] > 1)
    ]
    if not fitted:
        return
    hooks = [module.register_forward_pre_hook(fit) for module in fitted]
    for _ in range(passes(sharing)):
        with torch.no_grad(), _new_statistics(model):
            model(example)
    for hook in hooks:
        hook.remove()


def _is_apot(quantiser: qnn.QuantIdentity) -> bool:
    return isinstance(tensor_quant_of(quantiser), ApotActivationQuant)


def _is_narrow(quantiser: qnn.QuantIdentity) -> bool:
    return int(quantiser.act_quant.bit_width()) < EDGE_BITS


def fit_int_scale(module: Any, values: Tensor) -> None:
    """Sets the scale of an integer quantiser to that of the smallest mean square error over `values`."""
    steps = _FREE_STEPS if has_free_scale(module.act_quant) else 1

    def set_scale(scale: float) -> None:
        set_int_scale(module, scale)

    choose_scale(values, largest_code(module), set_scale, module.forward, steps)


def largest_code(quantiser: Any) -> int:
    """The greatest integer of an integer quantiser of activations."""
    bits = int(quantiser.act_quant.bit_width())
    return (1 << (bits - 1 if quantiser.act_quant.is_signed else bits)) - 1


def set_int_scale(quantiser: Any, scale: float) -> None:
    """Of a quantiser of `int_activation`: the least power of two from `scale` on; of a free one `scale`."""
    value = "act_quant.fused_activation_quant_proxy.tensor_quant.scaling_impl.value"
    learned, largest = quantiser.get_parameter(value), largest_code(quantiser)
    with torch.no_grad():
        if has_free_scale(quantiser.act_quant):
            learned.fill_(scale * largest)
        else:
            # the exponent of the threshold is rounded up; half way between two it is far from both
            learned.fill_(math.ceil(math.log2(scale)) + math.log2(largest + 1) - 0.5)


def choose_scale(
    x: Tensor,
    largest: int,
    set_scale: Callable[[float], None],
    quantise: Callable[[Tensor], Tensor],
    steps: int,
) -> None:
    """Sets the scale of the smallest mean square error over `x`, of `steps` in an octave.

    largest: the greatest code.
    """
    covering = max(float(x.abs().max()), torch.finfo(torch.float32).tiny) / largest
    exponent = int((torch.tensor(covering).log2() * steps).ceil())
    errors = {}
    for candidate in range(exponent - _CANDIDATE_OCTAVES * steps, exponent + 1):
        set_scale(2.0 ** (candidate / steps))
        errors[candidate] = float((quantise(x) - x).square().mean())
    set_scale(2.0 ** (min(errors, key=lambda candidate: errors[candidate]) / steps))
