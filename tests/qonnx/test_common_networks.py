"""Networks as people write them: quantised, frozen and exported as they are, exact everywhere, planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.network.describe import observed_tensors
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.qonnx.executor import run_executor
from twofold.qonnx.export import export
from twofold.qonnx.freeze import OUTPUT, freeze
from twofold.qonnx.freeze_run import run_frozen
from twofold.qonnx.importer.load import import_file
from twofold.quant.convert import quantise
from twofold.quant.recipe import Apot, Int, Recipe, Scales


class LeNet(nn.Module):
    """As in PyTorch's introduction."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding="same"), nn.Conv2d(6, 8, 3, padding="valid")
        self.fc1, self.drop, self.fc2 = nn.Linear(32, 20), nn.Dropout2d(), nn.Linear(20, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.drop(self.conv2(x))), 2)
        x = x.view(x.size(0), -1)
        return self.fc2(F.relu(self.fc1(x)))


class UNet(nn.Module):
    def __init__(self, larger: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.left, self.down, self.right = block(1, 4), block(4, 8), block(12, 4)
        self.larger, self.last = larger, nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        left = self.left(x)
        down = self.down(F.max_pool2d(left, 2))
        return self.last(self.right(torch.cat([left, self.larger(down)], 1)))


def block(inputs: int, outputs: int) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def separable(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    depthwise = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
    pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)
    return [
        *(depthwise, nn.BatchNorm2d(inputs), nn.ReLU6(inplace=True)),
        *(pointwise, nn.BatchNorm2d(outputs), nn.ReLU6()),
    ]


def mobile() -> nn.Module:
    """MobileNet's blocks (arXiv 1704.04861)."""
    return nn.Sequential(
        *block(1, 4),
        *separable(4, 8, 2),
        *separable(8, 8, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 3),
    )


def jets() -> nn.Module:
    """hls4ml's example: 16 features of a jet, 5 kinds of particles; with batch normalisation."""
    widths = (16, 24, 12, 12)
    hidden = [layer for i, o in pairwise(widths) for layer in (nn.Linear(i, o), nn.BatchNorm1d(o), nn.ReLU())]
    return nn.Sequential(*hidden, nn.Linear(widths[-1], 5))


def normalised_logits() -> nn.Module:
    return nn.Sequential(jets(), nn.BatchNorm1d(5), nn.Dropout(0.1), nn.Identity())


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], Counter[str]]] = {
    "lenet": (LeNet, (1, 12, 12), Counter(Flatten=1)),
    "jets": (jets, (16,), Counter(Linear=4)),
    "normalised logits": (normalised_logits, (16,), Counter(Linear=4)),
    "mobile": (mobile, (1, 8, 8), Counter(Conv2d=5)),
    "unet": (lambda: UNet(nn.Upsample(scale_factor=2)), (1, 8, 8), Counter(Upsample2d=1, Concat=1)),
    "unet by a call": (
        lambda: UNet(lambda x: F.interpolate(x, scale_factor=2.0, mode="nearest")),
        (1, 8, 8),
        Counter(Upsample2d=1, Concat=1),
    ),
}


@pytest.mark.parametrize("recipe", [Apot(4, 4), Int(8), Int(4, "channel", Scales.FREE)], ids=str)
@pytest.mark.parametrize("name", NETWORKS)
def test_exact_from_the_frozen_model_to_the_plan(name: str, recipe: Recipe, tmp_path: Path) -> None:
    build, shape, operations = NETWORKS[name]
    torch.manual_seed(0)
    images = torch.rand(64, *shape)
    model = quantise(build(), recipe, images)
    model(images).square().sum().backward()
    frozen, path = freeze(model.eval(), images), tmp_path / "model.onnx"
    export(frozen, images, path)

    imported = import_file(path)
    network, few = imported.network, images[:5].numpy()
    assert operations <= Counter(op.kind for op in network.ops)
    golden = execute(network, imported.reader.codes_of(few))
    brevitas, executor = run_frozen(frozen, few), run_executor(path, network, imported.reader.codes_of(few))
    for candidate, found, tensors in (
        ("brevitas", brevitas, (OUTPUT,)),
        ("executor", executor, observed_tensors(network)),
    ):
        check = compare(name, ("golden", golden), (candidate, found), tensors)
        assert check.status is Status.PASS, check.detail
    assert all(np.array_equal(golden[tensor], brevitas[tensor]) for tensor in brevitas)
    assert plan(network, propose(network)).predicted_cycles(frames=1) > 0


@pytest.mark.parametrize(
    "larger, message",
    [
        (
            nn.Upsample(scale_factor=2, mode="bilinear"),
            "larger.*expected mode='nearest' and scale_factor=2, got",
        ),
        (nn.Upsample(scale_factor=3), "scale_factor=2, got 'nearest', 3"),
        (nn.Upsample(size=(8, 8)), r"scale_factor=2, got 'nearest', size \(8, 8\)"),
    ],
)
def test_other_upsampling_is_refused(larger: nn.Module, message: str) -> None:
    with pytest.raises(UserError, match=message):
        quantise(UNet(larger), Int(8), torch.rand(8, 1, 8, 8))
