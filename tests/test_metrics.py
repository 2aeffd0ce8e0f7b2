"""Ratios of the paper "Integrating Pruning with Quantization for Efficient DNN Compression"."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from twofold.metrics import LayerCost, accuracy, bops_ratio, layer_costs, size_ratio, total_macs, with_bits
from twofold.prune.remove import kept_filters

RATIO = 0.3


def conv(name: str, inputs: int, outputs: int, kernel: int, pixels: int) -> LayerCost:
    weights = inputs * outputs * kernel**2
    return LayerCost(name, weights, weights * pixels)


def resnet(depth: int, ratio: float) -> Iterator[LayerCost]:
    """CIFAR ResNet with 1×1 shortcuts, `ratio` of every convolution's filters pruned."""
    channels, size = kept_filters(16, ratio), 32
    yield conv("stem", 3, channels, 3, size**2)
    for stage, width in enumerate([kept_filters(width, ratio) for width in (16, 32, 64)]):
        for block in range((depth - 2) // 6):
            if block == 0 and stage > 0:
                size //= 2
                yield conv("shortcut", channels, width, 1, size**2)
            yield conv("conv1", channels, width, 3, size**2)
            yield conv("conv2", width, width, 3, size**2)
            channels = width
    yield conv("fc", channels, 10, 1, 1)


def vgg16(ratio: float) -> Iterator[LayerCost]:
    """Thirteen convolutions and 512-512-10 fully connected, which are counted unpruned."""
    channels, size = 3, 32
    for width in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512):
        if not width:
            size //= 2
            continue
        kept = kept_filters(width, ratio)
        yield conv("conv", channels, kept, 3, size**2)
        channels = kept
    yield conv("fc1", 512, 512, 1, 1)
    yield conv("fc2", 512, 10, 1, 1)


# Network, MB of the baseline, size ×, BOPs ×. Two of the paper's own figures differ from the rule that gives
# the others: it prints 115.85 BOPs for ResNet-20 and 15.94 for the size of ResNet-110.
TABLE = [
    (20, 1.08, 15.78, 115.65),
    (32, 1.86, 15.84, 118.18),
    (56, 3.41, 15.89, 119.88),
    (110, 6.89, 15.91, 120.95),
    ("VGG-16", 59.91, 15.95, 126.24),
]


@pytest.mark.parametrize("network, megabytes, size, bops", TABLE)
def test_the_papers_table(network: int | str, megabytes: float, size: float, bops: float) -> None:
    def layers(ratio: float) -> tuple[LayerCost, ...]:
        return tuple(resnet(network, ratio) if isinstance(network, int) else vgg16(ratio))

    baseline, compressed = layers(0.0), with_bits(layers(RATIO), 4, 4)
    assert sum(cost.size_bits for cost in baseline) / 8e6 == pytest.approx(megabytes, abs=0.005)
    assert size_ratio(baseline, compressed) == pytest.approx(size, abs=0.0051)
    assert bops_ratio(baseline, compressed) == pytest.approx(bops, abs=0.0051)


def test_int8_without_pruning_is_4_and_16_times() -> None:
    baseline = tuple(resnet(20, 0.0))
    compressed = with_bits(baseline, 8, 8)
    assert size_ratio(baseline, compressed) == 4
    assert bops_ratio(baseline, compressed) == 16
    assert total_macs(baseline) == total_macs(compressed)


def test_layer_costs_of_a_module() -> None:
    model = nn.Sequential(nn.Conv2d(2, 6, 3, stride=2, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(54, 5))
    costs = layer_costs(model.train(), torch.rand(3, 2, 8, 8))
    assert costs == (LayerCost("0", 54, 54 * 9), LayerCost("3", 270, 270))
    assert model.training, "the mode is restored"


def test_accuracy_counts_the_first_of_equals() -> None:
    assert accuracy([[1, 1, 0], [0, 2, 1], [5, 0, 0], [0, 0, 3]], [0, 1, 1, 2]) == 75.0
    assert accuracy([[1, 1]], [1]) == 0.0
