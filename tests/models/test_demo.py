"""The demo network's shapes."""

from __future__ import annotations

import pytest
import torch

from twofold.metrics import layer_costs, total_macs
from twofold.models.demo import DemoNet


@pytest.mark.parametrize("channels, size, classes", [(1, 8, 10), (1, 28, 10), (3, 32, 7)])
def test_shapes(channels: int, size: int, classes: int) -> None:
    images = torch.rand(2, channels, size, size)
    assert DemoNet(channels, classes=classes)(images).shape == (2, classes)


def test_layers_of_the_default() -> None:
    costs = layer_costs(DemoNet(), torch.rand(1, 1, 8, 8))
    assert [cost.name for cost in costs] == ["conv1", "conv2", "conv3", "conv4", "shortcut", "fc"]
    assert [cost.weights for cost in costs] == [144, 2304, 2304, 4608, 512, 320]
    assert total_macs(costs) == 64 * (144 + 2304 + 2304) + 4 * (4608 + 512) + 320
