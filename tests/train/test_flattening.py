"""Every spelling of flattening that own-network.md lists trains, and is pruned, like `nn.Flatten`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from twofold.data.dataset import Dataset, Images
from twofold.train.checkpoint import Checkpoint
from twofold.train.recipe import Budget
from twofold.train.restore import restore
from twofold.train.result import checkpoint_path
from twofold.train.run import train
from twofold.train.settings import Adam, Fit

Flatten = Callable[[Tensor], Tensor]
BRIEF = Budget(*[Fit(1, Adam(1e-3), batch=48)] * 4)


class Net(nn.Module):
    def __init__(self, flatten: Flatten, pool: nn.Module, inputs: int, channels: int = 1) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(channels, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.pool, self.fc, self.flatten = pool, nn.Linear(inputs, 10), flatten

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.flatten(self.pool(torch.relu(self.bn(self.conv(x))))))


MAPS: dict[str, Flatten] = {
    "nn.Flatten": nn.Flatten(),
    "torch.flatten": lambda x: torch.flatten(x, 1),
    "method": lambda x: x.flatten(1),
    "view of size(0)": lambda x: x.view(x.size(0), -1),
    "view of shape": lambda x: x.view(x.shape[0], -1),
    "view of numbers": lambda x: x.view(-1, 96),
    "reshape": lambda x: x.reshape(x.size(0), -1),
    "reshape to numbers": lambda x: torch.reshape(x, (-1, 96)),
}
PIXELS: dict[str, Flatten] = {
    "squeeze": lambda x: x.squeeze(3).squeeze(2),
    "squeeze of both": lambda x: torch.squeeze(x, (2, 3)),
    "view of numbers": lambda x: x.view(-1, 6),
}


@pytest.mark.parametrize("flatten", [pytest.param(way, id=name) for name, way in MAPS.items()])
def test_maps_of_each_spelling_train(few_digits: Dataset, tmp_path: Path, flatten: Flatten) -> None:
    check(few_digits, tmp_path, lambda way: Net(way, nn.MaxPool2d(2), 96), flatten)


@pytest.mark.parametrize("flatten", [pytest.param(way, id=name) for name, way in PIXELS.items()])
def test_pixels_of_each_spelling_train(few_digits: Dataset, tmp_path: Path, flatten: Flatten) -> None:
    check(few_digits, tmp_path, lambda way: Net(way, nn.AdaptiveAvgPool2d(1), 6), flatten)


def check(dataset: Dataset, folder: Path, make: Callable[[Flatten], Net], flatten: Flatten) -> None:
    """Float, pruned, quantised and folded, with the weights of the same network with `nn.Flatten`."""
    torch.manual_seed(0)
    network, usual = make(flatten), make(nn.Flatten())
    usual.load_state_dict(network.state_dict())
    found = train("apot", dataset, folder / "found", model=network, budget=BRIEF)
    wanted = train("apot", dataset, folder / "wanted", model=usual, budget=BRIEF)
    assert found.accuracy == wanted.accuracy
    stages = [Checkpoint.read(checkpoint_path(folder / run)).finished for run in ("found", "wanted")]
    for stage, weights in stages[1].items():
        assert stages[0][stage].keys() == weights.keys()
        assert all(torch.equal(stages[0][stage][name], value) for name, value in weights.items())
    restore(folder / "found", "apot", network, dataset.image_shape)


def test_view_trains_on_colours_in_the_layout_of_bfloat16(tmp_path: Path) -> None:
    random = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (96, 3, 12, 12), generator=random, dtype=torch.uint8)
    images = Images(pixels, torch.arange(96) % 10, 255)
    network = Net(lambda x: x.view(x.size(0), -1), nn.MaxPool2d(2), 216, channels=3)
    trained = train("int8", Dataset("noise", images, images, images), tmp_path, model=network, budget=BRIEF)
    assert trained.accuracy.quantised is not None
