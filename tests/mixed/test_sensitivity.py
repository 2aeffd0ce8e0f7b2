"""Losses of single layers, and costs that follow from widths."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from twofold.metrics import bops_ratio, layer_costs, size_ratio, with_widths
from twofold.mixed.costs import Costs
from twofold.mixed.sensitivity import quantised_base, sensitivities
from twofold.models.demo import DemoNet
from twofold.quant.convert import quantise
from twofold.quant.recipe import ByLayer, Int
from twofold.quant.widths import widths_of

IMAGES = torch.rand(32, 1, 8, 8, generator=torch.Generator().manual_seed(0))
NAMES = {
    "conv1", "conv1_act", "conv2", "conv2_act", "conv3", "block_act", "conv4", "shortcut", "down_act", "fc",
}  # fmt: skip


@pytest.fixture(scope="module")
def network() -> DemoNet:
    torch.manual_seed(0)
    return DemoNet(widths=(4, 6)).eval()


def test_fewer_bits_lose_more_and_the_base_is_left_as_it_was(network: DemoNet) -> None:
    base = quantised_base(network, IMAGES)
    before = base(IMAGES)
    losses = sensitivities(network, base, IMAGES, (2, 4, 8))
    assert set(losses) == NAMES
    assert all(loss[2] > loss[8] >= 0 for loss in losses.values())
    assert torch.equal(base(IMAGES), before)


def test_costs_are_those_of_the_network_that_the_widths_make(network: DemoNet) -> None:
    widths = {"conv2": 3, "conv1_act": 4, "block_act": 5, "fc": 6}
    quantised = quantise(network, Int(8, layers=ByLayer.of(widths)), IMAGES)
    pairs = {name: (width.weights, width.activations) for name, width in widths_of(quantised).items()}
    expected = with_widths(layer_costs(quantised, IMAGES), pairs)
    costs = Costs.of(network, quantised_base(network, IMAGES), IMAGES)
    assert costs.joined == ()
    baseline = layer_costs(network, IMAGES)
    assert costs.times_smaller(widths) == size_ratio(baseline, expected)
    assert costs.times_fewer_bops(widths) == bops_ratio(baseline, expected)
    assert costs.size_bits({}) == 8 * sum(layer.weights for layer in baseline)


class Joined(nn.Module):
    """Two convolutions side by side, joined for a third."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.c = nn.Conv2d(1, 4, 3), nn.Conv2d(1, 2, 3), nn.Conv2d(6, 4, 3)
        self.a_act, self.b_act, self.c_act, self.fc = nn.ReLU(), nn.ReLU(), nn.ReLU(), nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        both = torch.cat([self.a_act(self.a(x)), self.b_act(self.b(x))], 1)
        return self.fc(self.c_act(self.c(both)).mean((2, 3)))


@pytest.mark.parametrize("narrow", [{"a_act": 2}, {"b_act": 2}, {"a_act": 2, "b_act": 4}])
def test_what_is_joined_costs_the_width_of_the_widest(narrow: dict[str, int]) -> None:
    model = Joined().eval()
    quantised = quantise(model, Int(8, layers=ByLayer.of(narrow)), IMAGES)
    pairs = {name: (width.weights, width.activations) for name, width in widths_of(quantised).items()}
    costs = Costs.of(model, quantised_base(model, IMAGES), IMAGES)
    assert costs.joined == ({"a_act", "b_act"},)
    assert costs.bops(narrow) == sum(
        layer.bops for layer in with_widths(layer_costs(quantised, IMAGES), pairs)
    )
