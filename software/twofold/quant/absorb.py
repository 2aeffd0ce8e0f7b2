"""Takes scales that are no power of two, or one for each channel, out of quantisers, into multipliers.

A layer computes scale · (W · x) + bias with integers W. What is left is a layer whose weights share one power
of two, and a `ChannelScale` behind it that is worth the rest. A scale r · 2^k of an activation between two
layers becomes 2^k: the layer before is divided by r, the layers behind are multiplied by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import brevitas.nn as qnn
import torch
from torch import Tensor, fx, nn

from twofold.network.rounding import MULTIPLIER_BITS
from twofold.quant.apot import (
    ApotActivation,
    ApotActivationProxy,
    ApotActivationQuant,
    ApotWeight,
    ApotWeightProxy,
)
from twofold.quant.codes import EXACT, activation_codes, tensor_quant_of
from twofold.quant.dyadic import nearest_power_of_two
from twofold.quant.integer import (
    activation_quantiser,
    constant_int_activation,
    constant_int_weight,
    has_channel_scales,
    has_free_scale,
)
from twofold.quant.layers import ChannelScale
from twofold.quant.multiplier import IntegerLayer, fitting_scales, multiplier_bits, sound_scales
from twofold.quant.weighted import is_apot, quantised_layer, weight_quantiser

#: Share of the exact integers that sums may take, so that training after the fold does not leave them.
HEADROOM = 0.75


@torch.no_grad()
def absorb_scales(model: fx.GraphModule) -> None:
    """Brings the scales of a folded model to one power of two a tensor, in place; multipliers carry the rest.

    The function of the model stays what it was but for the rounding of integer weights' scales, upwards, to
    M · 2^-n with so many bits that float32 holds sum · M. A second call changes only what no longer fits.
    """
    for node in _layers(model):
        layer = _module(model, node)
        if is_apot(layer) and _is_free(layer.weight_quant):
            _absorb_apot(model, node)
    for node in _called(model, qnn.QuantIdentity):
        if _is_free(_module(model, node).act_quant):
            _absorb_activation(model, node)
    for node in _layers(model):
        layer = _module(model, node)
        if not is_apot(layer) and (_needs_multiplier(layer) or _multiplier(model, node) is not None):
            _absorb_integers(model, node)
    model.recompile()


def _module(model: fx.GraphModule, node: fx.Node) -> Any:
    return model.get_submodule(str(node.target))


def _called(model: fx.GraphModule, *kinds: type[nn.Module]) -> Iterator[fx.Node]:
    for node in list(model.graph.nodes):
        if node.op == "call_module" and isinstance(_module(model, node), kinds):
            yield node


def _layers(model: fx.GraphModule) -> Iterator[fx.Node]:
    return _called(model, qnn.QuantConv2d, qnn.QuantLinear)


def _is_free(proxy: Any) -> bool:
    if isinstance(proxy, ApotWeightProxy | ApotActivationProxy):
        return not proxy.quant_injector.po2_scale
    return has_free_scale(proxy)


def _needs_multiplier(layer: Any) -> bool:
    return has_channel_scales(layer.weight_quant) or has_free_scale(layer.weight_quant)


def _multiplier(model: fx.GraphModule, node: fx.Node) -> ChannelScale | None:
    """What already scales the results of layer `node`."""
    readers = [_module(model, user) for user in node.users if user.op == "call_module"]
    return readers[0] if len(readers) == 1 and isinstance(readers[0], ChannelScale) else None


def _set_multiplier(model: fx.GraphModule, node: fx.Node, scale: Tensor) -> ChannelScale:
    """Puts a multiplier behind layer `node`, as a new node if there is none."""
    module = ChannelScale(scale.to(torch.float32), _module(model, node).weight.dim())
    if _multiplier(model, node) is not None:
        model.set_submodule(str(next(iter(node.users)).target), module)
        return module
    name = f"{node.name}_scale"
    while hasattr(model, name):
        name += "_"
    model.add_submodule(name, module)
    with model.graph.inserting_after(node):
        scaled = model.graph.create_node("call_module", name, (node,), name=name)
    node.replace_all_uses_with(scaled, delete_user_cb=lambda user: user is not scaled)
    return module


def _absorb_apot(model: fx.GraphModule, node: fx.Node) -> None:
    """alpha becomes the nearest that gives a power of two; weights, bias and multiplier make up for it."""
    layer = _module(model, node)
    quantiser = weight_quantiser(layer)
    scale = float(quantiser.scale())
    power = nearest_power_of_two(scale)
    injector = ApotWeight.let(apot_bits=quantiser.apot_bits, normalise=False)
    absorbed = quantised_layer(layer, injector.let(alpha_init=power * quantiser.levels.largest))
    absorbed.weight.copy_(layer.weight * (power / scale))  # type: ignore[operator]
    if absorbed.bias is not None:
        absorbed.bias.copy_(layer.bias * (power / scale))  # type: ignore[operator]
    before = _multiplier(model, node)
    ones = torch.ones(len(layer.weight))
    model.set_submodule(str(node.target), absorbed)
    _set_multiplier(model, node, (ones if before is None else before.scale.flatten()) * (scale / power))


def _absorb_activation(model: fx.GraphModule, node: fx.Node) -> None:
    quantiser = _module(model, node)
    scale, inner = activation_codes(quantiser).scale, tensor_quant_of(quantiser)
    power = nearest_power_of_two(scale)
    if isinstance(inner, ApotActivationQuant):
        injector = ApotActivation.let(apot_bits=inner.apot_bits, alpha_init=power * inner.levels.largest)
    else:
        injector = constant_int_activation(int(quantiser.act_quant.bit_width()), power)
    _scale_results(model, _layer_before(model, node), power / scale)
    for reader in _readers(model, node):
        _scale_operand(model, reader, scale / power)
    model.set_submodule(str(node.target), activation_quantiser(injector))


def _layer_before(model: fx.GraphModule, node: fx.Node) -> fx.Node:
    """The layer whose rectified, perhaps multiplied, results `node` quantises."""
    while not isinstance(_module(model, node), nn.Conv2d | nn.Linear):
        node = node.all_input_nodes[0]
    return node


def _readers(model: fx.GraphModule, node: fx.Node) -> Iterator[fx.Node]:
    """The layers that read `node`, directly or through modules that move values unchanged."""
    for user in node.users:
        if isinstance(_module(model, user), nn.Conv2d | nn.Linear):
            yield user
        else:
            yield from _readers(model, user)


def _scale_results(model: fx.GraphModule, node: fx.Node, factor: float) -> None:
    layer, multiplier = _module(model, node), _multiplier(model, node)
    if multiplier is not None:
        multiplier.scale.mul_(factor)
        return
    layer.weight.mul_(factor)
    if layer.bias is not None:
        layer.bias.mul_(factor)


def _scale_operand(model: fx.GraphModule, node: fx.Node, factor: float) -> None:
    """The layer's results stay the same when its operand is divided by `factor`."""
    layer, multiplier = _module(model, node), _multiplier(model, node)
    if multiplier is None:
        layer.weight.mul_(factor)
        return
    multiplier.scale.mul_(factor)
    if layer.bias is not None:
        layer.bias.div_(factor)


def _absorb_integers(model: fx.GraphModule, node: fx.Node) -> None:
    """One scale, the power of two from the largest channel's on, remains to the weights."""
    layer, before = _module(model, node), _multiplier(model, node)
    wanted = layer.quant_weight().scale.double().flatten()
    carried = before.scale.double().flatten() if before is not None else torch.ones_like(wanted)
    integers, bits = _as_integers(model, node, carried)
    if before is None:
        free = has_free_scale(layer.weight_quant)
        wanted = sound_scales(wanted)
        start = torch.full_like(wanted, MULTIPLIER_BITS if free else 1).int()
        scale = fitting_scales(integers, wanted, start, EXACT * HEADROOM)
    else:
        wanted = (wanted * carried)[:1] if len(carried.unique()) == 1 else wanted * carried
        scale = fitting_scales(integers, wanted, multiplier_bits(wanted), EXACT)
        if torch.equal(scale, wanted):
            return
    power = float(2.0 ** scale.max().log2().ceil())
    factor = (scale / power).expand(len(layer.weight))
    absorbed = quantised_layer(layer, constant_int_weight(bits, power))
    absorbed.weight.copy_(integers.weight / columns(factor, layer.weight.dim()))  # type: ignore[operator]
    if absorbed.bias is not None:
        absorbed.bias.copy_(integers.bias / factor)  # type: ignore[operator]
    model.set_submodule(str(node.target), absorbed)
    _set_multiplier(model, node, factor).requires_grad_(False)


def _as_integers(model: fx.GraphModule, node: fx.Node, carried: Tensor) -> tuple[IntegerLayer, int]:
    """The layer and its multiplier as one, and the width of its weights."""
    layer = _module(model, node)
    bits = int(layer.quant_weight().bit_width)
    bias = torch.zeros(len(layer.weight)).double() if layer.bias is None else layer.bias.double() * carried
    operand = node.all_input_nodes[0]
    while not isinstance(_module(model, operand), qnn.QuantIdentity):
        operand = operand.all_input_nodes[0]
    weight = layer.weight.double() * columns(carried, layer.weight.dim())
    codes = activation_codes(_module(model, operand))
    return IntegerLayer(weight, bias, (1 << (bits - 1)) - 1, codes), bits


def columns(values: Tensor, rank: int) -> Tensor:
    """Numbers [O], one for each output channel, shaped to multiply weights [O, ...] of `rank` dimensions."""
    return values.reshape(-1, *([1] * (rank - 1)))
