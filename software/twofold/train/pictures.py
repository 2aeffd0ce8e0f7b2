"""Plots of a training run in its folder, drawn anew while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from brevitas.nn.quant_layer import QuantWeightBiasInputOutputLayer as QuantWBIOL
from torch import Tensor, nn

from twofold.data.dataset import Images
from twofold.files import write_atomically
from twofold.report.training import confusion_matrix, curves, weight_levels
from twofold.train.journal import History
from twofold.train.loop import predict

#: Seconds between two drawings within a stage.
PATIENCE = 60.0


class Pictures:
    """Files in `folder`: curves.svg, confusion.svg and, of quantised networks, weights.svg.

    The curves are drawn after a stage, and after an epoch when the last drawing is `patience` seconds old;
    the others, of the validation part and the weights as they are, after each stage.
    """

    def __init__(
        self, folder: Path, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.folder, self.patience, self.clock = folder, patience, clock
        self._drawn = clock()

    def epoch(self, history: History) -> None:
        if self.clock() - self._drawn >= self.patience:
            self._curves(history)

    def stage(self, history: History, network: nn.Module, validation: Images) -> None:
        name = list(history)[-1]
        self._curves(history)
        counts = confusion(predict(network, validation), validation.labels)
        write_atomically(self.folder / "confusion.svg", confusion_matrix(counts.numpy(), name))
        if histograms := level_histograms(network):
            write_atomically(self.folder / "weights.svg", weight_levels(histograms, name))

    def _curves(self, history: History) -> None:
        write_atomically(self.folder / "curves.svg", curves(history))
        self._drawn = self.clock()


def confusion(logits: Tensor, labels: Tensor) -> Tensor:
    """Images by label (row) and answer (column), [classes, classes]. logits: [N, classes]; labels: [N]."""
    classes = logits.shape[1]
    return torch.bincount(labels * classes + logits.argmax(1), minlength=classes**2).view(classes, classes)


def level_histograms(network: nn.Module) -> dict[str, dict[int, int]]:
    """Layer with quantised weights → level, in units of the weight's own scale → how many weights have it."""
    return {
        name: _counted(module.quant_weight())
        for name, module in network.named_modules()
        if isinstance(module, QuantWBIOL) and module.weight_quant.is_quant_enabled
    }


def _counted(weight: Any) -> dict[int, int]:
    levels, counts = torch.round(weight.value / weight.scale).detach().int().unique(return_counts=True)
    return dict(zip(levels.tolist(), counts.tolist(), strict=True))
