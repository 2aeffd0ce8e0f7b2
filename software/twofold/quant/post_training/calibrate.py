"""Scales of activations from the values that they have on some images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import brevitas.nn as qnn
import torch
from torch import Tensor, fx

from twofold.quant.calibrate import fit_int_scale, largest_code, set_int_scale
from twofold.quant.integer import has_free_scale
from twofold.quant.post_training.settings import Calibration, PostTraining


@torch.no_grad()
def calibrate_activations(model: fx.GraphModule, settings: PostTraining, images: Tensor) -> None:
    """Sets every scale of a model of `quantise` with integer levels, one quantiser after the other.

    Each sees what the quantised layers before it give. images: [N, C, H, W]. With t = the greatest magnitude
    (min-max) or the one that `percentile` of all values stay within, the scale is t over the greatest code;
    where it must be a power of two, the least from t / 2^b on, of b bits (less the sign's), so that t itself
    is clipped by one step at most. With mse it is the candidate of the least mean square error.
    """
    model.eval()
    with _hooked(model, settings):
        model(images)


@contextmanager
def _hooked(model: fx.GraphModule, settings: PostTraining) -> Iterator[None]:
    def choose(module: Any, arguments: tuple[Tensor, ...]) -> None:
        if settings.calibration is Calibration.MSE:
            fit_int_scale(module, arguments)
            return
        end = max(_end(arguments[0].abs(), settings), torch.finfo(torch.float32).tiny)
        steps = largest_code(module) + (0 if has_free_scale(module.act_quant) else 1)
        set_int_scale(module, end / steps)

    hooks = [module.register_forward_pre_hook(choose) for module in _quantisers(model)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _quantisers(model: fx.GraphModule) -> Iterable[qnn.QuantIdentity]:
    return (module for module in model.modules() if isinstance(module, qnn.QuantIdentity))


def _end(magnitudes: Tensor, settings: PostTraining) -> float:
    if settings.calibration is Calibration.MIN_MAX:
        return float(magnitudes.max())
    flat = magnitudes.flatten()
    rank = max(1, round(settings.percentile / 100 * flat.numel()))
    return float(flat.kthvalue(rank).values)
