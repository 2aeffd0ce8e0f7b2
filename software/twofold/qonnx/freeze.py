"""Turns a trained quantised model into a frozen one, whose every value is exact in float32."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field

import brevitas.nn as qnn
import torch
from torch import Tensor, fx, nn
from torch.fx.passes.shape_prop import ShapeProp

from twofold.errors import UserError
from twofold.network.rounding import MULTIPLIER_BITS
from twofold.qonnx.freeze_grids import Grid, Source, ValuesError, exact_grid, operands_of, weight_codes
from twofold.quant.codes import EXACT, activation_codes
from twofold.quant.dyadic import dyadic
from twofold.quant.fold import fold_batch_norms
from twofold.quant.integer import constant_int_weight
from twofold.quant.layers import ChannelScale, Concat
from twofold.quant.weighted import is_apot, quantised_layer, weight_quantiser

OUTPUT = "logits"
#: Fewer bits than this in a channel's multiplier would cost accuracy unnoticed.
MIN_MULTIPLIER_BITS = 4


@dataclass(frozen=True)
class FrozenModel:
    """A Brevitas model of integers with power-of-two scales, in evaluation mode.

    module: computes real values; its nodes have the names of the exported tensors.
    scales: for each tensor that `run_frozen` gives, what one unit of its codes is worth. zero_points: the
    codes of those that are worth 0, where that is another code than 0.
    """

    module: fx.GraphModule
    scales: Mapping[str, float]
    zero_points: Mapping[str, int] = field(default_factory=dict)


def freeze(model: fx.GraphModule, example: Tensor) -> FrozenModel:
    """Freezes a model of `twofold.quant.convert.quantise`, trained or not. The argument is not changed.

    Weights become the values that their quantisers gave, with constant scales; batch normalisation and
    scales that are no power of two are folded if they are still there; biases are rounded to multiples of
    weight scale · input scale; what remains of a normalisation after APoT weights, or of scales, becomes a
    positive multiplier M · 2^-n for each channel, M of at most 16 bits and as many as keep every partial
    sum of products and bias, times M, below 2^24.

    example: images [N, C, H, W], for shapes alone.
    Raises UserError for another model, and, naming the node, ValuesError if some value may not be exact in
    float32.
    """
    if not isinstance(model, fx.GraphModule):
        raise UserError(
            f"expected a model that quantise has made, got {type(model).__name__}; call quantise first"
        )
    folded = fold_batch_norms(copy.deepcopy(model)).eval()
    with torch.no_grad():
        ShapeProp(folded).propagate(example[:1])
        return _freeze_nodes(folded)


def _freeze_nodes(model: fx.GraphModule) -> FrozenModel:
    sources, scales = dict[fx.Node, Source](), dict[str, float]()
    for node in model.graph.nodes:
        if node.op != "call_module":
            continue
        operands = operands_of(node, sources)
        module = _frozen(node.name, model.get_submodule(node.target), operands)
        model.set_submodule(node.target, module)
        grid = exact_grid(node.name, module, *operands)
        sources[node] = Source(grid, node.meta["tensor_meta"].shape)
        if isinstance(module, qnn.QuantIdentity | nn.MaxPool2d | nn.Upsample | Concat):
            scales[node.name] = grid.scale
    scales[OUTPUT] = sources[_output_source(model)].grid.scale
    return FrozenModel(model, scales, _zero_points(model, set(scales)))


def _zero_points(model: fx.GraphModule, names: set[str]) -> dict[str, int]:
    """Of the quantisers that have one, and of what only moves their values."""
    found: dict[str, int] = {}
    for node in model.graph.nodes:
        module = model.get_submodule(node.target) if node.op == "call_module" else None
        if isinstance(module, qnn.QuantIdentity):
            found[node.name] = activation_codes(module).zero_point
        elif isinstance(module, nn.MaxPool2d | nn.Upsample | nn.Flatten | Concat):
            found[node.name] = found.get(node.all_input_nodes[0].name, 0)
        elif node.op == "output":
            found[OUTPUT] = found.get(node.all_input_nodes[0].name, 0)
    return {name: zero_point for name, zero_point in found.items() if zero_point and name in names}


def _output_source(model: fx.GraphModule) -> fx.Node:
    (output,) = (node for node in model.graph.nodes if node.op == "output")
    return output.all_input_nodes[0]


def _frozen(name: str, module: nn.Module, operands: list[Source]) -> nn.Module:
    """The module with constant scales, on exact grids; `operands` are already so."""
    match module:
        case qnn.QuantConv2d() | qnn.QuantLinear():
            return _frozen_layer(name, module, operands[0].grid)
        case ChannelScale():
            return _dyadic_scale(name, module, operands[0].grid)
    return module


def _frozen_layer(name: str, layer: nn.Module, grid: Grid) -> nn.Module:
    codes, scale = weight_codes(layer)
    weight = (codes.round() * scale).to(torch.float32)
    if is_apot(layer):
        frozen = layer
        quantiser = weight_quantiser(frozen)
        quantiser.normalise = False
        quantiser.set_scale(scale)
    else:
        bits = int(layer.quant_weight().bit_width)  # type: ignore[operator]
        frozen = quantised_layer(layer, constant_int_weight(bits, scale))  # type: ignore[arg-type]
    frozen.weight.copy_(weight)  # type: ignore[operator]
    if isinstance(bias := frozen.bias, Tensor):
        lsb = scale * grid.scale
        bias.copy_((bias.double() / lsb).round() * lsb)
    _check_on_grid(name, frozen, weight)
    return frozen.eval()


def _check_on_grid(name: str, layer: nn.Module, weight: Tensor) -> None:
    """The quantiser must leave frozen weights as they are, or the exported file would hold others."""
    if not torch.equal(layer.quant_weight().value, weight):  # type: ignore[operator]
        raise UserError(
            f"node {name}: expected weights on the quantiser's levels, found others after freezing"
        )
    magnitudes = set(weight_codes(layer)[0].abs().unique().tolist())
    if is_apot(layer) and not magnitudes <= set(weight_quantiser(layer).levels.values):
        raise UserError(f"node {name}: expected APoT levels, found {sorted(magnitudes)}")


def _dyadic_scale(name: str, module: ChannelScale, grid: Grid) -> ChannelScale:
    scale = module.scale.detach().double().flatten()
    if not (scale > 0).all():
        raise ValuesError(f"node {name}: expected positive channel scales, found {float(scale.min())}")
    largest = torch.clamp(((EXACT - 1) / grid.magnitude.clamp_min(1)).floor(), max=(1 << MULTIPLIER_BITS) - 1)
    rounded = dyadic(scale)[0] > largest
    if bool((rounded & (largest < 1 << MIN_MULTIPLIER_BITS)).any()):
        raise ValuesError(
            f"node {name}: accumulators up to {float(grid.magnitude.max()):.0f} leave a multiplier of fewer "
            f"than {MIN_MULTIPLIER_BITS} bits; use narrower weights, activations or layers"
        )
    exponent = torch.floor(torch.log2(largest / scale))
    mantissa = torch.clamp(torch.round(scale * 2.0**exponent), min=1).minimum(largest)
    odd, _ = dyadic(mantissa)
    assert bool((odd <= largest).all())
    return ChannelScale((mantissa * 2.0**-exponent).to(torch.float32), module.scale.dim())
