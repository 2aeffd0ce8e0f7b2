"""Absorbing scales changes where numbers stand, not what the model computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from twofold.quant.absorb import absorb_scales
from twofold.quant.convert import quantise
from twofold.quant.fold import fold_batch_norms
from twofold.quant.layers import ChannelScale
from twofold.quant.levels import weight_levels
from twofold.quant.recipe import Apot, ApotWeights, Granularity, Int, Recipe, Scales
from twofold.quant.weighted import weight_quantiser

IMAGES = torch.rand(24, 2, 6, 6, generator=torch.Generator().manual_seed(0))
FREE, CHANNEL = Scales.FREE, Granularity.CHANNEL


class Chain(nn.Module):
    """Three convolutions, the second without normalisation, and a last layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 4, 3)
        self.conv3, self.bn3 = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)
        self.fc = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return self.fc(F.relu(self.bn3(self.conv3(x))).flatten(1))


def quantised(recipe: Recipe) -> fx.GraphModule:
    torch.manual_seed(4)
    model = Chain()
    nn.init.uniform_(model.bn1.weight, 0.5, 2)
    nn.init.uniform_(model.bn3.weight, 0.5, 2)
    return quantise(model, recipe, IMAGES).eval()


def scales(model: fx.GraphModule) -> dict[str, Tensor]:
    """Scales of weights and activations of every layer."""
    found = {}
    for name, module in model.named_children():
        if hasattr(module, "act_quant"):
            found[name] = module.act_quant.scale().detach()
        elif hasattr(module, "quant_weight"):
            found[name] = module.quant_weight().scale.detach()
    return found


def is_power_of_two(value: Tensor) -> bool:
    return value.numel() == 1 and bool(np.frexp(float(value))[0] == 0.5)


def relative_change(model: fx.GraphModule, expected: Tensor) -> float:
    with torch.no_grad():
        return float((model(IMAGES) - expected).norm() / expected.norm())


@pytest.mark.parametrize(
    "recipe",
    [Int(8, CHANNEL, FREE), Int(4, scales=FREE), Apot(4, 4, FREE), ApotWeights(4, 4, FREE)],
    ids=str,
)
def test_the_function_stays(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what rounds: the fold into weights that share a scale, and the dyadic scales of integers."""
    monkeypatch.setattr("twofold.quant.fold.absorb_scales", lambda model: None)
    monkeypatch.setattr("twofold.quant.absorb.fitting_scales", lambda layer, wanted, bits, exact: wanted)
    model = fold_batch_norms(quantised(recipe))
    before = scales(model)
    assert {"conv1", "conv2", "relu_1"} <= {n for n, s in before.items() if not is_power_of_two(s)}
    expected = model(IMAGES).detach()
    absorb_scales(model)
    assert relative_change(model, expected) < 1e-3
    assert all(map(is_power_of_two, scales(model).values()))


def test_rounded_scales_move_the_function_little() -> None:
    model = quantised(Int(8, CHANNEL, FREE))
    expected = model(IMAGES).detach()
    assert 0 < relative_change(fold_batch_norms(model), expected) < 0.02


def test_published_alphas_keep_their_levels() -> None:
    model = quantised(Apot(4, 4, FREE))
    layer = model.conv2
    alpha = float(weight_quantiser(layer).alpha.detach())
    codes = torch.round(layer.quant_weight().value / layer.quant_weight().scale).detach()
    fold_batch_norms(model)
    new = model.conv2.quant_weight()
    assert torch.equal(torch.round(new.value / new.scale), codes)
    assert isinstance(model.conv2_scale, ChannelScale)
    worth = float(new.scale.detach()) * model.conv2_scale.scale.detach().flatten()[0]
    before, after = (relu_scale for relu_scale in (scales(quantised(Apot(4, 4, FREE))), scales(model)))
    moved = float(before["relu"] / after["relu"]) / float(before["relu_1"] / after["relu_1"])
    assert float(worth) == pytest.approx(alpha / weight_levels(4).largest * moved, rel=1e-5)


def test_absorbing_again_changes_nothing() -> None:
    model = fold_batch_norms(quantised(Int(4, CHANNEL, FREE)))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    absorb_scales(model)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_weights_that_grew_beyond_the_multiplier_get_another() -> None:
    model = fold_batch_norms(quantised(Int(8, CHANNEL, FREE)))
    with torch.no_grad():
        model.conv2.weight.copy_(model.conv2.weight.abs() + float(model.conv2.quant_weight().scale) * 90)
        expected = model(IMAGES)
        multiplier = model.conv2_scale.scale.clone()
        absorb_scales(model)
        assert not torch.equal(model.conv2_scale.scale, multiplier)
        assert relative_change(model, expected) < 0.1


def test_folded_models_train_on_and_keep_their_scales() -> None:
    model = fold_batch_norms(quantised(Int(4, CHANNEL, FREE))).train()
    before = scales(model)
    multiplier = model.conv2_scale.scale.clone()
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    weight = model.conv2.weight.detach().clone()
    for _ in range(2):
        optimiser.zero_grad()
        model(IMAGES).square().mean().backward()
        optimiser.step()
    assert not torch.equal(model.conv2.weight, weight)
    assert torch.equal(model.conv2_scale.scale, multiplier)
    free = ("conv1", "conv2", "conv3", "relu", "relu_1")
    assert all(torch.equal(before[name], scales(model)[name]) for name in free)
