"""Brevitas's own example networks, freshly drawn and exported to QONNX."""

from __future__ import annotations

from pathlib import Path

import torch
from brevitas.export import export_qonnx
from brevitas_examples.bnn_pynq.models import model_with_cfg
from torch import nn

from twofold.files import atomic_path

NAMES = ("cnv_1w1a", "cnv_1w2a", "cnv_2w2a")


def export_example(name: str, folder: Path, seed: int) -> Path:
    """Writes the network `name` with random weights and statistics; 3×32×32 images, 10 classes."""
    torch.manual_seed(seed)
    model, _ = model_with_cfg(name, pretrained=False)
    _draw_statistics(model.eval())
    path = folder / f"{name}.onnx"
    with atomic_path(path) as temporary:
        export_qonnx(model, args=torch.randn(1, 3, 32, 32), export_path=str(temporary), dynamo=False)
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
