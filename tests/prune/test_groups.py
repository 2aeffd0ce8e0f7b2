"""Channels, who makes them and who reads them."""

from __future__ import annotations

import torch
from torch import nn

from twofold.models.demo import DemoNet
from twofold.prune.groups import dependencies, groups_of
from twofold.prune.prunable import Prunable
from twofold.quant.convert import quantise
from twofold.quant.recipe import Int

IMAGES = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
EXPECTED = {
    ("conv1", "conv3"): ({"conv1": "bn1", "conv3": "bn3"}, {"conv2", "conv4", "shortcut"}),
    ("conv2",): ({"conv2": "bn2"}, {"conv3"}),
    ("conv4", "shortcut"): ({"conv4": "bn4", "shortcut": "shortcut_bn"}, {"fc"}),
}


def found(model: nn.Module) -> dict[tuple[str, ...], tuple[dict[str, str], set[str]]]:
    groups = groups_of(dependencies(model, IMAGES), model)
    return {tuple(sorted(g.producers)): (dict(g.norms), set(g.readers)) for g in groups}


def test_a_residual_network() -> None:
    assert found(DemoNet()) == EXPECTED


def test_the_same_network_quantised() -> None:
    assert found(quantise(DemoNet(), Int(8), IMAGES)) == EXPECTED


def test_a_depthwise_convolution_loses_what_the_one_before_loses() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 2, 1))
    groups = Prunable.of(model, IMAGES).groups
    (both,) = (group for group in groups if group.readers)
    assert (set(both.producers), both.readers) == ({"0", "1"}, ("2",))
