"""Brevitas's own example networks, freshly drawn and exported to QONNX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import torch
from brevitas.export import export_qonnx
from brevitas.nn import QuantIdentity
from brevitas.quant import Int8ActPerTensorFixedPoint
from brevitas_examples import bnn_pynq, imagenet_classification
from torch import nn

from twofold.files import atomic_path

CIFAR, IMAGENET = (3, 32, 32), (3, 224, 224)


def _cnv(name: str) -> nn.Module:
    """Random weights and statistics."""
    model, _ = bnn_pynq.models.model_with_cfg(name, pretrained=False)
    _draw_statistics(model.eval())
    return model


def _mobilenet(name: str) -> nn.Module:
    """Random weights, scales and statistics of random images; behind an 8-bit quantiser of its input."""
    quantised = QuantIdentity(act_quant=Int8ActPerTensorFixedPoint)
    model = nn.Sequential(quantised, imagenet_classification.models.model_with_cfg(f"quant_{name}")[0])
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # the mean of all batches
    with torch.no_grad():
        for _ in range(_BATCHES):
            model.train()(torch.randn(2, *IMAGENET))
    return model.eval()


_BATCHES = 2
_NETWORKS: Mapping[str, tuple[Callable[[str], nn.Module], tuple[int, int, int]]] = MappingProxyType(
    {
        "cnv_1w1a": (_cnv, CIFAR),
        "cnv_1w2a": (_cnv, CIFAR),
        "cnv_2w2a": (_cnv, CIFAR),
        "mobilenet_v1_4b": (_mobilenet, IMAGENET),
    }
)
NAMES = tuple(_NETWORKS)


def export_example(name: str, folder: Path, seed: int) -> Path:
    """Writes the network `name`: 3×32×32 images and 10 classes, or 3×224×224 and 1000."""
    torch.manual_seed(seed)
    draw, shape = _NETWORKS[name]
    model = draw(name)
    path = folder / f"{name}.onnx"
    with atomic_path(path) as temporary:
        export_qonnx(model, args=torch.randn(1, *shape), export_path=str(temporary), dynamo=False)
    return path


def _draw_statistics(model: nn.Module) -> None:
    """Batch normalisation as after a training: fresh modules would do nothing."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            mean, variance = module.running_mean, module.running_var
            if mean is None or variance is None:
                continue
            mean.normal_(0, 3)
            variance.uniform_(1, 200)
            nn.init.normal_(module.weight, 1, 0.5)
            nn.init.normal_(module.bias, 0, 0.5)
