"""A network that flattens by view computes in any memory layout, and stays the same in all else."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from twofold.models.catalogue import NAMES, network_named
from twofold.quant.any_layout import in_any_layout

IMAGES = torch.rand(4, 2, 8, 8, generator=torch.Generator().manual_seed(0))


class Tutorial(nn.Module):
    """As in PyTorch's tutorials; `aux` is not called."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.BatchNorm2d(3))
        self.aux, self.fc = nn.Linear(2, 2), nn.Linear(48, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        x = F.dropout(x.view(-1, 48), training=self.training)
        return self.fc(x)


def test_view_takes_channels_that_are_last_in_memory() -> None:
    network = Tutorial()
    other = in_any_layout(network, IMAGES)
    assert isinstance(other, fx.GraphModule) and type(other).__name__ == "Tutorial"
    last = IMAGES.contiguous(memory_format=torch.channels_last)
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        network(last)
    other.eval(), network.eval()
    assert torch.equal(other(IMAGES), network(IMAGES))
    assert torch.allclose(other(last), network(IMAGES), atol=1e-6)


def test_weights_keep_their_names() -> None:
    network = Tutorial()
    found, wanted = in_any_layout(network, IMAGES).state_dict(), network.state_dict()
    assert found.keys() == wanted.keys()
    assert all(found[name].data_ptr() == value.data_ptr() for name, value in wanted.items())


def test_dropout_by_a_call_is_off_in_evaluation_alone() -> None:
    network = in_any_layout(Tutorial(), IMAGES)
    assert not torch.equal(network(IMAGES), network(IMAGES))
    network.eval()
    assert torch.equal(network(IMAGES), network(IMAGES))


class Grouped(nn.Module):
    """The same small layer for each quarter of an image: its views are no flattening."""

    def __init__(self) -> None:
        super().__init__()
        self.part = nn.Linear(32, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.part(x.view(-1, 32)).view(-1, 12)


class Scaled(Tutorial):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * 2


@pytest.mark.parametrize("network", [Grouped(), Scaled(), nn.Sequential(nn.Flatten(), nn.Linear(128, 5))])
def test_others_stay_as_they_are(network: nn.Module) -> None:
    before = copy.deepcopy(network.state_dict())
    assert in_any_layout(network, IMAGES) is network
    assert all(torch.equal(network.state_dict()[name], value) for name, value in before.items())


@pytest.mark.parametrize("name", NAMES)
def test_networks_of_the_catalogue_stay_as_they_are(name: str) -> None:
    network = network_named(name)
    assert in_any_layout(network, torch.rand(2, 3, 32, 32)) is network
