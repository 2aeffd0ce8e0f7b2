"""Scales of activations from the values that they have on some images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, fx

from twofold.quant.calibrate import fit_int_scale, largest_code, set_int_scale
from twofold.quant.integer import has_free_scale
from twofold.quant.operands import Operands, passes, quantisers_of, sharing_of
from twofold.quant.post_training.settings import Calibration, PostTraining


@torch.no_grad()
def calibrate_activations(model: fx.GraphModule, settings: PostTraining, images: Tensor) -> None:
    """Sets every scale of a model of `quantise` with integer levels, one quantiser after the other.

    Each sees what the quantised layers before it give. images: [N, C, H, W]. With t = the greatest magnitude
    (min-max) or the one that `percentile` of all values stay within, the scale is t over the greatest code;
    where it must be a power of two, the least from t / 2^b on, of b bits (less the sign's), so that t itself
    is clipped by one step at most. With mse it is the candidate of the least mean square error. A scale that
    several quantisers share is chosen from the values of all, in a second pass.
    """
    model.eval()
    with _hooked(model, settings):
        for _ in range(passes(sharing_of(model))):
            model(images)


@contextmanager
def _hooked(model: fx.GraphModule, settings: PostTraining) -> Iterator[None]:
    operands = Operands()

    def choose(module: Any, arguments: tuple[Tensor, ...]) -> None:
        values = operands.seen(module, arguments[0])
        if settings.calibration is Calibration.MSE:
            fit_int_scale(module, values)
            return
        end = max(_end(values.abs(), settings), torch.finfo(torch.float32).tiny)
        steps = largest_code(module) + (0 if has_free_scale(module.act_quant) else 1)
        set_int_scale(module, end / steps)

    hooks = [module.register_forward_pre_hook(choose) for module in quantisers_of(model)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _end(magnitudes: Tensor, settings: PostTraining) -> float:
    if settings.calibration is Calibration.MIN_MAX:
        return float(magnitudes.max())
    flat = magnitudes.flatten()
    rank = max(1, round(settings.percentile / 100 * flat.numel()))
    return float(flat.kthvalue(rank).values)
