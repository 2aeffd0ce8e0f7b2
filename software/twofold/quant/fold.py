"""Takes batch normalisation out of a quantised model, leaving something that can be trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType

import brevitas.nn as qnn
import torch
from torch import Tensor, fx, nn

from twofold.quant.absorb import absorb_scales, columns
from twofold.quant.layers import BatchNorm, ChannelScale, Dropout, ReLU6
from twofold.quant.weighted import is_apot, weight_quantiser

#: A gain below this share of the layer's largest, and its channel is as good as constant.
NEGLIGIBLE_GAIN = 2.0**-12


@dataclass(frozen=True)
class Affine:
    """`gain · x + shift` for each channel; both [C], float64."""

    gain: Tensor
    shift: Tensor


def batch_norm_affine(norm: BatchNorm) -> Affine:
    """What `norm` computes in evaluation mode."""
    assert norm.running_mean is not None and norm.running_var is not None
    weight, bias, mean, variance = (
        t.detach().double() for t in (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    )
    gain = weight / torch.sqrt(variance + norm.eps)
    return Affine(gain, bias - gain * mean)


def fold_batch_norms(model: fx.GraphModule) -> fx.GraphModule:
    """Folds every batch normalisation of a model of `quantise`, in place, and returns it in evaluation mode.

    Dropout, which is for training alone, goes first, and `ReLU6` leaves clipping to the quantiser behind it.

    Layers of integer weights take gain and shift into weights and bias. Layers of APoT weights, which
    must stay on their levels, take the shift into the bias and the sign of a negative gain into the
    weights; the gain's magnitude stays as a `ChannelScale` in the normalisation's place. A channel
    of (nearly) no gain becomes its constant: zero weights, the shift as bias.

    Then scales that are no power of two, or one for each channel, become multipliers too, as
    `twofold.quant.absorb` describes: training goes on with the numbers that will be shipped.
    """
    model.eval()
    _remove_dropout(model)
    _leave_clipping_to_quantisers(model)
    for node in list(_called(model, BatchNorm)):
        layer = model.get_submodule(str(node.all_input_nodes[0].target))
        affine = batch_norm_affine(model.get_submodule(str(node.target)))  # type: ignore[arg-type]
        if is_apot(layer):
            scale = ChannelScale(_fold_shift(layer, affine), layer.weight.dim())  # type: ignore[operator]
            model.set_submodule(str(node.target), scale)
        else:
            _fold_all(layer, affine)
            _remove(model, node)
    model.recompile()
    absorb_scales(model)
    return model.eval()


def _remove_dropout(model: fx.GraphModule) -> None:
    for node in list(_called(model, Dropout)):
        _remove(model, node)


def _leave_clipping_to_quantisers(model: fx.GraphModule) -> None:
    for node in _called(model, ReLU6):
        if all(isinstance(model.get_submodule(str(user.target)), qnn.QuantIdentity) for user in node.users):
            model.set_submodule(str(node.target), nn.ReLU())


def _called(model: fx.GraphModule, kind: type[nn.Module] | UnionType) -> Iterator[fx.Node]:
    for node in model.graph.nodes:
        if node.op == "call_module" and isinstance(model.get_submodule(node.target), kind):
            yield node


def _remove(model: fx.GraphModule, node: fx.Node) -> None:
    """Readers of `node` read its operand instead."""
    node.replace_all_uses_with(node.all_input_nodes[0])
    model.graph.erase_node(node)
    model.delete_submodule(str(node.target))


def _bias(layer: nn.Module) -> Tensor:
    if layer.bias is None:
        return torch.zeros(len(layer.weight), dtype=torch.float64)
    return layer.bias.detach().double()  # type: ignore[operator]


@torch.no_grad()
def _set(layer: nn.Module, weight: Tensor, bias: Tensor) -> None:
    layer.weight.copy_(weight)  # type: ignore[operator]
    layer.bias = nn.Parameter(bias.to(torch.float32))


def _fold_all(layer: nn.Module, affine: Affine) -> None:
    weight = layer.weight.detach().double()  # type: ignore[operator]
    _set(layer, weight * columns(affine.gain, weight.dim()), affine.gain * _bias(layer) + affine.shift)


def _fold_shift(layer: nn.Module, affine: Affine) -> Tensor:
    """Leaves the layer with sign(gain) · weights and a bias before the gain; returns |gain|, [C]."""
    quantiser = weight_quantiser(layer)
    weight = quantiser.normalised(layer.weight).detach().double()  # type: ignore[arg-type]
    quantiser.normalise = False
    magnitude = affine.gain.abs()
    constant = magnitude <= magnitude.max() * NEGLIGIBLE_GAIN
    scale = torch.where(constant, torch.ones_like(magnitude), magnitude)
    sign = torch.where(constant, torch.zeros_like(magnitude), torch.sign(affine.gain))
    bias = torch.where(constant, affine.shift, sign * _bias(layer) + affine.shift / scale)
    _set(layer, weight * columns(sign, weight.dim()), bias)
    return scale.to(torch.float32)
