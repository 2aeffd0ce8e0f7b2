"""The error that quantisation makes of weights: its value by hand, and where its gradient leads."""

from __future__ import annotations

import pytest
import torch

from twofold.models.demo import DemoNet
from twofold.quant.convert import quantise
from twofold.quant.recipe import Apot, Int
from twofold.quant.weight_error import quantised_layers, relative_error

IMAGES = torch.rand(32, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def model() -> DemoNet:
    torch.manual_seed(0)
    return DemoNet(widths=(4, 6))


def test_it_is_the_mean_over_layers(model: DemoNet) -> None:
    quantised = quantise(model, Int(4), IMAGES)
    errors = []
    for layer in quantised_layers(quantised):
        weight, levels = layer.weight.detach(), layer.quant_weight().value.detach()
        errors.append(float((weight - levels).square().sum() / weight.square().sum()))
    assert len(errors) == 6 and max(errors) > 1e-3
    assert relative_error(quantised).item() == pytest.approx(sum(errors) / 6)


def test_apot_weights_are_compared_as_they_are_projected(model: DemoNet) -> None:
    quantised = quantise(model, Apot(4, 4), IMAGES)
    assert 0 < float(relative_error(quantised)) < 0.1
    with torch.no_grad():
        quantised.conv2.weight.mul_(100).add_(3)
    assert 0 < float(relative_error(quantised)) < 0.1


def test_its_gradient_leads_to_the_level(model: DemoNet) -> None:
    quantised = quantise(model, Int(4), IMAGES)
    before = float(relative_error(quantised))
    relative_error(quantised).backward()
    weight = quantised.conv2.weight
    error = weight.detach() - quantised.conv2.quant_weight().value.detach()
    assert torch.allclose(weight.grad, 2 * error / weight.detach().square().sum() / 6)
    with torch.no_grad():
        for layer in quantised_layers(quantised):
            layer.weight.sub_(layer.weight.grad * 6 * layer.weight.square().sum() / 4)
    assert float(relative_error(quantised)) < 0.5 * before


def test_a_float_network_has_none(model: DemoNet) -> None:
    assert float(relative_error(model)) == 0
