"""What goes along with training is called at its turns."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from twofold.data.dataset import Dataset
from twofold.models.demo import DemoNet
from twofold.train.companion import Companion
from twofold.train.loop import Surroundings, fit
from twofold.train.settings import Adam, Fit

SETTINGS = Fit(2, Adam(1e-3), batch=48)


def advance(steps: int = 1, note: str = "") -> None: ...


class Watcher(Companion):
    def __init__(self) -> None:
        self.calls = list[str]()

    def penalty(self, model: nn.Module, images: Tensor, logits: Tensor, labels: Tensor) -> Tensor | None:
        assert (images.shape, logits.shape, labels.shape) == ((48, 1, 8, 8), (48, 10), (48,))
        self.calls.append("penalty")
        return logits.square().mean()

    def after_step(self, model: nn.Module) -> None:
        self.calls.append("step")

    def after_epoch(self, model: nn.Module) -> None:
        self.calls.append("epoch")


def test_turns_of_a_companion(few_digits: Dataset, tiny_network: DemoNet) -> None:
    watcher = Watcher()
    fit(tiny_network, few_digits, SETTINGS, 0, advance, around=Surroundings(companion=watcher))
    assert watcher.calls == ["penalty", "step", "penalty", "step", "epoch"] * 2


def test_slimming_makes_gammas_small(few_digits: Dataset) -> None:
    sizes = []
    for factor in (0.0, 0.1):
        torch.manual_seed(0)
        model = DemoNet(widths=(4, 6))
        fit(model, few_digits, replace(SETTINGS, slimming=factor), 0, advance)
        sizes.append(float(model.bn2.weight.detach().abs().sum()))
    assert sizes[1] < sizes[0]
