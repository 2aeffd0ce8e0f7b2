"""Losses of single layers, and costs that follow from widths."""

from __future__ import annotations

import pytest
import torch

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
    baseline = layer_costs(network, IMAGES)
    assert costs.times_smaller(widths) == size_ratio(baseline, expected)
    assert costs.times_fewer_bops(widths) == bops_ratio(baseline, expected)
    assert costs.size_bits({}) == 8 * sum(layer.weights for layer in baseline)
