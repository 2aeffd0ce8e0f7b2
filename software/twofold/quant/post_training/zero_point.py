"""Activations of both signs with codes that reach as far to either side as the values do."""

from __future__ import annotations

import math

import brevitas.nn as qnn
import torch
from torch import Tensor, fx, nn

from twofold.quant.integer import activation_quantiser, shifted_int_activation
from twofold.quant.post_training.settings import Calibration, PostTraining
from twofold.quant.widths import activation_width

#: Codes of so many bits have few enough thresholds for every backend.
_FEW_BITS = 4


@torch.no_grad()
def give_zero_points(model: fx.GraphModule, settings: PostTraining, images: Tensor) -> None:
    """Signed quantisers of a calibrated model get unsigned codes and a zero point, in order, in place.

    With lo and hi the ends of the range that the calibration names, the scale is the least power of two from
    (hi − lo) / 2^b on, the zero point the code nearest to −lo / scale; of more than 4 bits the nearest even
    one, with which rounding half to even gives the same before and after it is added, so that hls4ml's
    project multiplies and needs no threshold for each code. Where the values lie to one side, a scale can be
    half of the symmetric one's. Who shares a scale shares the new one. images: [N, C, H, W]. The calibration
    by mean square errors chooses among symmetric ranges only; here it stands for least and greatest value.
    """
    for names in _signed(model):
        first = model.get_submodule(names[0])
        shifted = _shifted(activation_width(first), _operands(model, names, images), settings)
        for name in names:
            model.set_submodule(name, activation_quantiser(shifted.act_quant).train(False))


def _signed(model: fx.GraphModule) -> list[list[str]]:
    """Names of signed quantisers, in order; those together that share their scale."""
    sharing: dict[nn.Module, list[str]] = {}
    for node in model.graph.nodes:
        module = model.get_submodule(node.target) if node.op == "call_module" else None
        if isinstance(module, qnn.QuantIdentity) and bool(module.act_quant.is_signed):
            sharing.setdefault(module.act_quant, []).append(str(node.target))
    return list(sharing.values())


def _operands(model: fx.GraphModule, names: list[str], images: Tensor) -> Tensor:
    """All values that the quantisers called `names` see."""
    seen: list[Tensor] = []
    hooks = [
        model.get_submodule(name).register_forward_pre_hook(
            lambda _, arguments: seen.append(arguments[0].flatten())
        )
        for name in names
    ]
    model(images)
    for hook in hooks:
        hook.remove()
    return torch.cat(seen)


def _shifted(bits: int, values: Tensor, settings: PostTraining) -> qnn.QuantIdentity:
    low, high = _ends(values, settings)
    span = max(high - low, torch.finfo(torch.float32).tiny)
    scale = 2.0 ** (math.ceil(math.log2(span)) - bits)
    step = 2 if bits > _FEW_BITS else 1
    zero_point = min(max(step * round(-low / scale / step), 0), (1 << bits) - step)
    return activation_quantiser(shifted_int_activation(bits, scale, zero_point))


def _ends(values: Tensor, settings: PostTraining) -> tuple[float, float]:
    """Least and greatest value, or what `percentile` of all lie between; 0 is always within."""
    outside = 0
    if settings.calibration is Calibration.PERCENTILE:
        outside = int((1 - settings.percentile / 100) / 2 * values.numel())
    low = float(values.kthvalue(outside + 1).values)
    high = float(values.kthvalue(values.numel() - outside).values)
    return min(low, 0.0), max(high, 0.0)
