"""Frozen models hold exact numbers and compute what the trained ones do."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, fx, nn

from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.qonnx.freeze import FrozenModel, freeze
from twofold.qonnx.freeze_grids import Grid, Source, ValuesError, exact_grid, weight_codes
from twofold.qonnx.freeze_run import run_frozen
from twofold.quant.codes import EXACT
from twofold.quant.convert import quantise
from twofold.quant.dyadic import dyadic
from twofold.quant.integer import constant_int_weight
from twofold.quant.layers import Add, ChannelScale
from twofold.quant.levels import weight_levels
from twofold.quant.recipe import Apot, Int
from twofold.quant.weighted import quantised_layer

IMAGES = torch.rand(32, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def demo(recipe: Int | Apot) -> fx.GraphModule:
    """A quantised demo network whose normalisations are not trivial, some gains negative, one zero."""
    torch.manual_seed(1)
    model = DemoNet(widths=(4, 6))
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(-1, 2)
                module.bias.uniform_(-0.3, 0.6)
    quantised = quantise(model.eval(), recipe, IMAGES)
    with torch.no_grad():
        quantised.bn4.weight[2] = 0
    return quantised


@pytest.fixture(scope="module", params=[Int(8), Apot(4, 4), Apot(5, 3), Int(4)], ids=str)
def pair(request: pytest.FixtureRequest) -> tuple[fx.GraphModule, FrozenModel]:
    quantised = demo(request.param)
    return quantised, freeze(quantised, IMAGES)


def test_the_argument_is_not_changed(pair: tuple[fx.GraphModule, FrozenModel]) -> None:
    assert isinstance(pair[0].bn1, nn.BatchNorm2d)


def test_frozen_is_close_to_trained(pair: tuple[fx.GraphModule, FrozenModel]) -> None:
    quantised, frozen = pair
    with torch.no_grad():
        trained, found = quantised(IMAGES), frozen.module(IMAGES)
    assert float((trained - found).abs().mean()) < 0.2 * float(trained.std())


def test_biases_and_multipliers_are_exact(pair: tuple[fx.GraphModule, FrozenModel]) -> None:
    for module in pair[1].module.modules():
        if isinstance(module, ChannelScale):
            mantissa, _ = dyadic(module.scale.detach().double().flatten())
            assert bool((mantissa > 0).all())
            assert float(mantissa.max()) < 1 << 16


def test_apot_weights_are_on_levels() -> None:
    frozen = freeze(demo(Apot(4, 4)), IMAGES)
    for name in ("conv2", "conv3", "conv4", "shortcut"):
        codes, _ = weight_codes(frozen.module.get_submodule(name))
        assert set(codes.abs().unique().tolist()) <= set(weight_levels(4).values)
    assert not weight_codes(frozen.module.conv4)[0][2].any(), "no gain, no weights"


def test_codes_are_whole_and_in_range() -> None:
    frozen = freeze(demo(Apot(4, 4)), IMAGES)
    codes = run_frozen(frozen, IMAGES)
    assert set(codes) == set(frozen.scales)
    assert codes["logits"].dtype == np.int64
    assert set(np.unique(codes["conv1_act"])) <= {0, 1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 32, 33, 36, 48}
    assert codes["pool"].shape == (32, 4, 4, 4)
    assert codes["conv3_quant"].min() < 0


def test_freezing_twice_changes_nothing() -> None:
    frozen = freeze(demo(Apot(4, 4)), IMAGES)
    again = freeze(frozen.module, IMAGES)
    first, second = run_frozen(frozen, IMAGES), run_frozen(again, IMAGES)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_value_off_its_grid_is_noticed() -> None:
    frozen = freeze(demo(Int(8)), IMAGES)
    with torch.no_grad():
        frozen.module.fc.bias[0] += frozen.scales["logits"] / 2
    with pytest.raises(UserError, match="logits: expected multiples"):
        run_frozen(frozen, IMAGES)


def source(magnitude: int, shape: tuple[int, ...] = (1, 4, 8, 8), lsb: float = 1.0) -> Source:
    return Source(Grid.scalar(lsb, -magnitude, magnitude), torch.Size(shape))


def test_sums_that_leave_24_bits_name_their_node() -> None:
    with pytest.raises(UserError, match=r"node wide: expected values of at most 24 bits, got .* 16777216"):
        exact_grid("wide", Add(), source(EXACT // 2), source(EXACT // 2))
    fits = exact_grid("fits", Add(), source(EXACT // 2 - 1), source(EXACT // 4, lsb=2.0))
    assert float(fits.magnitude) == EXACT - 1


def test_a_wide_layer_is_refused_when_frozen() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 64 * 64, 2))
    images = torch.rand(4, 1, 64, 64)
    with torch.no_grad():
        model[3].weight.fill_(1.0)
        model[0].weight.fill_(1.0)
    with pytest.raises(UserError, match=r"node _3: expected values of at most 24 bits"):
        freeze(quantise(model, Int(8), images), images)


@pytest.mark.parametrize("signs, fits", [((1, -1), True), ((1, 1), False)])
def test_products_of_either_sign_are_bounded_apart(signs: tuple[int, int], fits: bool) -> None:
    """As in the widest layers of VGG-16: Σ|w| · 255 leaves 24 bits, but no partial sum does."""
    layer = quantised_layer(nn.Linear(1024, 1), constant_int_weight(8, 1.0))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(signs).repeat(512) * 80)
        layer.bias.zero_()
    activations = Source(Grid.scalar(1.0, 0, 255), torch.Size([1, 1024]))
    if fits:
        assert float(exact_grid("features", layer, activations).magnitude) == 512 * 80 * 255
    else:
        with pytest.raises(UserError, match="node features: expected values of at most 24 bits"):
            exact_grid("features", layer, activations)


def test_a_scale_that_no_multiplier_reaches_is_refused() -> None:
    quantised = demo(Apot(4, 4))
    broken = copy.deepcopy(freeze(quantised, IMAGES).module)
    with torch.no_grad():
        broken.bn2.scale[0, 1] = -0.5
    with pytest.raises(UserError, match="node bn2: expected positive channel scales"):
        freeze(broken, IMAGES)


@pytest.mark.parametrize("area, exact", [(64, True), (49, True), (49 * 49 * 9, False)])
def test_averages_are_proven_by_their_area(area: int, exact: bool) -> None:
    pool, operand = nn.AdaptiveAvgPool2d(1), source(255, (1, 4, area, 1))
    if exact:
        exact_grid("average", pool, operand)
    else:
        with pytest.raises(UserError, match="node average"):
            exact_grid("average", pool, operand)


def test_dyadic_numbers_are_taken_apart() -> None:
    mantissa, exponent = dyadic(torch.tensor([0.75, 8.0, 2.0**-40, 65535.0], dtype=torch.float64))
    assert mantissa.tolist() == [3, 1, 1, 65535]
    assert exponent.tolist() == [-2, 3, -40, 0]


def close(a: Tensor, b: Tensor) -> bool:
    return bool(((a - b).abs() <= b.abs() * 2.0**-8).all())


def test_multipliers_are_as_precise_as_24_bits_allow() -> None:
    quantised = demo(Apot(4, 4))
    frozen = freeze(quantised, IMAGES)
    deviation = torch.sqrt(quantised.bn2.running_var + quantised.bn2.eps)
    gain = (quantised.bn2.weight / deviation).abs().detach()
    assert close(frozen.module.bn2.scale.detach().flatten(), gain)


def test_a_layer_that_gives_nothing_but_0_is_refused() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 2, 3), nn.Flatten(), nn.Linear(32, 2))
    with torch.no_grad():
        model[0].bias.fill_(-10)
    with pytest.raises(
        UserError, match=r"node _1: expected values above 0 to quantise, got none from the images"
    ):
        freeze(quantise(model, Int(8), IMAGES), IMAGES)


def test_a_layer_of_zeros_is_refused() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 2))
    nn.init.zeros_(model[3].weight)
    with pytest.raises(ValuesError, match="node _3: expected weights to quantise, found none but 0; remove"):
        freeze(quantise(model, Int(8), IMAGES), IMAGES)
