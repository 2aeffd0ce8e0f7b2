"""What channels make up of a network's maps."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from twofold.models.demo import DemoNet
from twofold.prune.energy import ChannelEnergy, channel_energy, share_of
from twofold.prune.prunable import Prunable

IMAGES = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network() -> Prunable:
    torch.manual_seed(0)
    model = DemoNet(widths=(4, 6))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.2, 1)
            nn.init.uniform_(module.bias, -1, 1)
    return Prunable.of(model, IMAGES)


def test_it_is_the_mean_square_of_a_normalised_map(network: Prunable) -> None:
    model = network.model.train()
    images = torch.randn(64, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    maps = model.bn2(model.conv2(model.conv1(images)))
    expected = maps.square().mean(dim=(0, 2, 3)).detach().double()
    assert torch.allclose(ChannelEnergy()(network)["conv2"], expected, rtol=1e-3)


def test_a_filter_without_normalisation_counts_its_weights() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 36, 2))
    network = Prunable.of(model, IMAGES)
    (group,) = network.groups
    expected = model[0].weight.flatten(1).square().sum(1) + model[0].bias.square()
    assert torch.allclose(channel_energy(model, group, "0"), expected)


def test_the_share_lowers_the_chosen_channels_alone(network: Prunable) -> None:
    chosen = [[0, 2]] * len(network.groups)
    share = share_of(network.model, network.groups, chosen)
    every = share_of(
        network.model, network.groups, [list(range(6))[: _width(network, g)] for g in range(len(chosen))]
    )
    assert 0 < float(share) < 1 and float(every) == pytest.approx(1)
    share.backward()
    moved = network.model.bn2.weight.grad != 0
    assert moved.tolist()[:4] == [True, False, True, False] and not moved[4:].any()


def _width(network: Prunable, group: int) -> int:
    return len(network.weights_of(network.groups[group].producers[0]))
