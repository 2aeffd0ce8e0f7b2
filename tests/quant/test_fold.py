"""Folding batch normalisation changes nothing but the graph."""

from __future__ import annotations

import pytest
import torch
from torch import fx, nn

from twofold.quant.convert import quantise
from twofold.quant.fold import fold_batch_norms
from twofold.quant.layers import ChannelScale
from twofold.quant.recipe import Apot, Int
from twofold.quant.weighted import is_apot

IMAGES = torch.rand(64, 2, 6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float32)


def network(gains: list[float], recipe: Int | Apot) -> fx.GraphModule:
    """conv – ReLU – conv – BN with `gains` – conv; the convolution in the middle is the recipe's."""
    torch.manual_seed(3)
    norm = nn.BatchNorm2d(len(gains))
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, len(gains), 3), norm, nn.Conv2d(len(gains), 2, 1)
    )
    quantised = quantise(model, recipe, IMAGES).eval()
    folded_norm = quantised.get_submodule("_3")
    with torch.no_grad():
        folded_norm.weight.copy_(torch.tensor(gains))
        folded_norm.bias.uniform_(-0.5, 0.5)
    return quantised


def sums_before_the_quantiser(model: fx.GraphModule) -> torch.Tensor:
    caught: list[torch.Tensor] = []
    hook = model.get_submodule("_2_quant").register_forward_pre_hook(lambda _, x: caught.append(x[0]))
    with torch.no_grad():
        model(IMAGES)
    hook.remove()
    return caught[0]


@pytest.mark.parametrize("gains", [[1.0, 0.5, 2.0], [-1.0, 0.25, -3.0], [1.0, 0.0, 1e-9]])
def test_apot_weights_keep_their_levels_and_the_result(gains: list[float]) -> None:
    model = network(gains, Apot(4, 4))
    before = sums_before_the_quantiser(model)
    old = model.get_submodule("_2").quant_weight().value.detach()
    folded = fold_batch_norms(model)
    assert torch.allclose(sums_before_the_quantiser(folded), before, atol=1e-4)
    conv, scale = folded.get_submodule("_2"), folded.get_submodule("_3")
    assert is_apot(conv)
    assert isinstance(scale, ChannelScale)
    assert bool((scale.scale > 0).all())
    new = conv.quant_weight().value.detach()
    for channel, gain in enumerate(gains):
        sign = 0.0 if abs(gain) < 1e-6 else float(torch.tensor(gain).sign())
        assert torch.equal(new[channel], sign * old[channel])


def test_integer_weights_take_gain_and_shift() -> None:
    model = network([1.0, -0.5, 0.0], Int(8))
    before = sums_before_the_quantiser(model)
    folded = fold_batch_norms(model)
    assert not any(isinstance(module, nn.BatchNorm2d | ChannelScale) for module in folded.modules())
    assert float((sums_before_the_quantiser(folded) - before).abs().max()) < 0.05 * float(before.abs().max())


@pytest.mark.parametrize("recipe", [Apot(4, 4), Int(8)], ids=str)
def test_fully_connected_layers_take_theirs_too(recipe: Int | Apot) -> None:
    torch.manual_seed(3)
    model = nn.Sequential(
        nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2)
    )
    quantised = quantise(model, recipe, torch.rand(64, 6)).eval()
    with torch.no_grad():
        quantised.get_submodule("_3").weight.copy_(torch.tensor([0.5, -2.0, 1.0]))
        quantised.get_submodule("_3").bias.copy_(torch.tensor([0.25, -0.5, 1.0]))
    caught: list[torch.Tensor] = []
    quantised.get_submodule("_4_relu").register_forward_pre_hook(lambda _, x: caught.append(x[0]))
    images = torch.rand(16, 6)
    with torch.no_grad():
        quantised(images)
        fold_batch_norms(quantised)(images)
    before, after = caught
    tolerance = 1e-5 if isinstance(recipe, Apot) else 0.02 * float(before.abs().max())
    assert float((after - before).abs().max()) <= tolerance
    assert not any(isinstance(module, nn.BatchNorm1d) for module in quantised.modules())


def test_a_changed_shift_is_noticed() -> None:
    model = network([1.0, 0.5, 2.0], Apot(4, 4))
    before = sums_before_the_quantiser(model)
    folded = fold_batch_norms(model)
    with torch.no_grad():
        folded.get_submodule("_2").bias[0] += 0.01
    assert not torch.allclose(sums_before_the_quantiser(folded), before, atol=1e-4)
