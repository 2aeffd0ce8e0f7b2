"""What it costs to make one layer narrower, measured layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import brevitas.nn as qnn
import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from twofold.progress import SILENT, Progress
from twofold.quant.calibrate import choose_scale
from twofold.quant.integer import activation_quantiser, constant_int_activation, int_weight
from twofold.quant.layer_plan import layer_widths
from twofold.quant.post_training.quantise import quantise_trained
from twofold.quant.post_training.settings import Calibration, PostTraining
from twofold.quant.recipe import EDGE_BITS, Int
from twofold.quant.weighted import quantised_layer

#: Layer, or ReLU → width in bits → loss.
Losses = Mapping[str, Mapping[int, float]]


@torch.no_grad()
def quantised_base(model: nn.Module, images: Tensor) -> fx.GraphModule:
    """`model` in INT8, not trained after, from which `sensitivities` narrows one layer at a time."""
    return quantise_trained(model, Int(EDGE_BITS), PostTraining(Calibration.MSE), images)


@torch.no_grad()
def sensitivities(
    model: nn.Module,
    base: fx.GraphModule,
    images: Tensor,
    widths: Sequence[int],
    progress: Progress = SILENT,
) -> Losses:
    """How far the logits move when one layer's weights, or one ReLU's results, have fewer bits than 8.

    A loss is the mean over `images` [N, C, H, W] of the divergence KL(softmax of the float network ‖ softmax
    of the network in which this alone is narrower), in nats. model: the float network; base: its
    `quantised_base`, the same afterwards; widths: 2 to 8 bits. Nothing is trained and no label is read.
    """
    float_logits = model.eval()(images)
    layers = layer_widths(model, Int(EDGE_BITS))
    names = [*layers.weights, *layers.results]
    losses: dict[str, dict[int, float]] = {}
    with progress.task("measure each layer's sensitivity", total=len(names) * len(widths)) as advance:
        for name in names:
            losses[name] = {}
            narrowed = _narrower(base, name, images)
            for bits in widths:
                losses[name][bits] = _loss_with(base, name, narrowed(bits), images, float_logits)
                advance(1, f"{name}, {bits} bits")
    return losses


def _loss_with(base: fx.GraphModule, name: str, module: nn.Module, images: Tensor, expected: Tensor) -> float:
    before = base.get_submodule(name)
    base.set_submodule(name, module.eval())
    try:
        found = base(images)
    finally:
        base.set_submodule(name, before)
    own, given = F.log_softmax(found, 1), F.log_softmax(expected, 1)
    return float(F.kl_div(own, given, reduction="batchmean", log_target=True))


def _narrower(base: fx.GraphModule, name: str, images: Tensor) -> Callable[[int], nn.Module]:
    """Width → what stands in the place of the layer, or of the ReLU's quantiser, called `name`."""
    module: Any = base.get_submodule(name)
    if isinstance(module, qnn.QuantIdentity):
        values = _operand(base, module, images)
        return lambda bits: _activation(bits, values)
    return lambda bits: quantised_layer(module, int_weight(Int(bits)))


def _operand(base: fx.GraphModule, module: nn.Module, images: Tensor) -> Tensor:
    seen: list[Tensor] = []
    hook = module.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    base(images)
    hook.remove()
    return seen[0]


def _activation(bits: int, values: Tensor) -> nn.Module:
    """Unsigned, of the power of two that rounds `values` with the least mean square error."""
    largest, chosen = (1 << bits) - 1, [1.0]

    def round_(x: Tensor) -> Tensor:
        return torch.clamp(torch.round(x / chosen[0]), 0, largest) * chosen[0]

    def choose(scale: float) -> None:
        chosen[0] = scale

    choose_scale(values, largest, choose, round_, 1)
    return activation_quantiser(constant_int_activation(bits, chosen[0]))
