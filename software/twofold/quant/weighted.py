"""Brevitas layers with weights."""

from __future__ import annotations

from typing import Any

import brevitas.nn as qnn
import torch
from torch import nn

from twofold.quant.apot import ApotWeightProxy, ApotWeightQuant, deviation
from twofold.quant.integer import has_channel_scales, has_free_scale, int_weight
from twofold.quant.recipe import Granularity, Int, Scales


def is_apot(layer: nn.Module) -> bool:
    """True for a Brevitas layer whose weights are APoT."""
    return isinstance(getattr(layer, "weight_quant", None), ApotWeightProxy)


def weight_quantiser(layer: nn.Module) -> ApotWeightQuant:
    """The `tensor_quant` of a layer with APoT weights."""
    quantiser = layer.weight_quant.tensor_quant  # type: ignore[union-attr]
    assert isinstance(quantiser, ApotWeightQuant)
    return quantiser


def quantised_layer(source: nn.Conv2d | nn.Linear, weight_quantiser: Any) -> nn.Module:
    """A Brevitas layer of the same shape, weight and bias (the bias stays a float)."""
    has_bias = source.bias is not None
    if isinstance(source, nn.Linear):
        layer = qnn.QuantLinear(
            source.in_features, source.out_features, bias=has_bias, weight_quant=weight_quantiser
        )
    else:
        layer = qnn.QuantConv2d(
            source.in_channels,
            source.out_channels,
            source.kernel_size,
            source.stride,
            source.padding,
            source.dilation,
            source.groups,
            bias=has_bias,
            weight_quant=weight_quantiser,
        )
    with torch.no_grad():
        layer.weight.copy_(source.weight)
        if has_bias:
            layer.bias.copy_(source.bias)
    return layer


def renew_quantisers(pruned: nn.Module, whole: nn.Module) -> None:
    """In place, after filters of `whole` were removed: what is left is quantised as it was there.

    Brevitas makes a new quantiser for a layer whose weights are replaced. APoT ones get back their learned
    clipping value, and whether they normalise; integer weights of one scale a filter get as many as are left.
    """
    for name, layer in list(pruned.named_modules()):
        if not isinstance(layer, qnn.QuantConv2d | qnn.QuantLinear):
            continue
        if is_apot(layer):
            _take_over(weight_quantiser(layer), weight_quantiser(whole.get_submodule(name)))
        elif has_channel_scales(layer.weight_quant):
            pruned.set_submodule(name, _with_new_scales(layer))


def _take_over(quantiser: ApotWeightQuant, before: ApotWeightQuant) -> None:
    with torch.no_grad():
        quantiser.alpha.copy_(before.alpha)
    quantiser.normalise = before.normalise


def _with_new_scales(layer: Any) -> nn.Module:
    scales = Scales.FREE if has_free_scale(layer.weight_quant) else Scales.POWER_OF_TWO
    bits = int(layer.weight_quant.quant_injector.bit_width)
    injector = int_weight(Int(bits, Granularity.CHANNEL, scales))
    return quantised_layer(layer, injector).train(layer.training)


@torch.no_grad()
def keep_normalised_weights(model: nn.Module) -> None:
    """In place, before filters are removed: APoT weights become the normalised ones, once and for all.

    Otherwise those that are left would get a new mean and deviation, and so other levels.
    """
    for layer in model.modules():
        if isinstance(layer, qnn.QuantConv2d | qnn.QuantLinear) and is_apot(layer):
            quantiser = weight_quantiser(layer)
            layer.weight.copy_(quantiser.normalised(layer.weight))
            quantiser.normalise = False


@torch.no_grad()
def keep_zero_weights(model: nn.Module) -> None:
    """In place, of a model that was just quantised: weights that are 0 become the level 0, exactly.

    APoT weights are otherwise shifted to mean 0 first; now they keep their mean, and the clipping value is in
    units of their deviation as before.
    """
    for layer in model.modules():
        if isinstance(layer, qnn.QuantConv2d | qnn.QuantLinear) and is_apot(layer):
            quantiser = weight_quantiser(layer)
            if quantiser.normalise:
                quantiser.alpha.mul_(deviation(layer.weight))
                quantiser.normalise = False
