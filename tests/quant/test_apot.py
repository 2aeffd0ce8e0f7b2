"""APoT quantisers against the published formulas, written down independently here."""

from __future__ import annotations

import brevitas.nn as qnn
import pytest
import torch
from torch import Tensor

from twofold.quant.apot import (
    ApotActivation,
    ApotActivationQuant,
    ApotWeight,
    ApotWeightQuant,
    deviation,
    first_weight_alpha,
)
from twofold.quant.levels import ApotLevels, activation_levels, weight_levels


def project(x: Tensor, levels: ApotLevels, alpha: float) -> Tensor:
    """Nearest of alpha · {levels / largest}, by trying all."""
    grid = torch.tensor(levels.values) / levels.largest * alpha
    nearest = (x.abs()[..., None] - grid).abs().argmin(dim=-1)
    return torch.sign(x) * grid[nearest]


def data(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("bits", range(2, 9))
def test_weights_are_normalised_and_projected(bits: int) -> None:
    weight = data(16, 8, 3, 3) * 0.07 + 0.01
    value, scale, zero_point, _ = ApotWeightQuant(bits, po2_scale=False)(weight)
    normalised = (weight - weight.mean()) / weight.std()
    assert torch.allclose(value, project(normalised, weight_levels(bits), 3.0), atol=1e-5)
    assert float(zero_point) == 0
    assert float(scale) == pytest.approx(3.0 / weight_levels(bits).largest)


@pytest.mark.parametrize("bits", range(2, 9))
def test_activations_are_clipped_and_projected(bits: int) -> None:
    x = data(4, 8, 5, 5) * 6
    value, *_ = ApotActivationQuant(bits, alpha_init=8.0, po2_scale=False)(x)
    assert torch.allclose(value, project(x.clamp(0), activation_levels(bits), 8.0), atol=1e-5)


def test_gradients_of_activations_are_the_published_ones() -> None:
    x = (data(500) * 6).requires_grad_()
    quantiser = ApotActivationQuant(4, alpha_init=8.0, po2_scale=False)
    upstream = data(500)
    value = quantiser(x)[0]
    value.backward(upstream)
    clipped = x.detach() > 8
    relative = (x.detach() / 8).clamp(0)
    error = project(relative, activation_levels(4), 1.0) - relative
    inside = (upstream * torch.where(clipped, torch.ones_like(x), error))[x.detach() > 0].sum()
    assert torch.equal(x.grad, upstream.masked_fill(clipped, 0))
    below = upstream[x.detach() <= 0] * (0 - x.detach()[x.detach() <= 0] / 8)
    assert float(quantiser.alpha.grad) == pytest.approx(float(inside + below.sum()), rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("bits", range(2, 9))
def test_scales_learn_from_the_levels_whatever_values_are_rounded_to(bits: int, dtype: torch.dtype) -> None:
    levels = activation_levels(bits)
    quantiser = ApotActivationQuant(bits, alpha_init=8.0, po2_scale=False)
    x = (data(3000) * 6).to(dtype)
    place = x.float() / quantiser.scale().detach()
    grid = torch.tensor(levels.values, dtype=torch.float32)
    level = grid[torch.bucketize(place, (grid[:-1] + grid[1:]) / 2, right=True)]
    quantiser(x.requires_grad_())[0].backward(torch.ones_like(x))
    error = torch.where(place > levels.largest, level, level - place)
    assert float(quantiser.alpha.grad) == pytest.approx(float(error.sum()) / levels.largest, rel=1e-5)


def test_gradients_of_weights_pass_the_clip() -> None:
    weight = data(16, 8, 3, 3).requires_grad_()
    quantiser = ApotWeightQuant(4, po2_scale=False)
    upstream = data(16, 8, 3, 3)
    quantiser(weight)[0].backward(upstream)
    deviation, mean = weight.detach().std(), weight.detach().mean()
    normalised = (weight.detach() - mean) / deviation / 3
    error = project(normalised, weight_levels(4), 1.0) - normalised
    expected = (upstream * torch.where(normalised.abs() > 1, normalised.sign(), error)).sum()
    assert torch.allclose(weight.grad, upstream / deviation)
    assert float(quantiser.alpha.grad) == pytest.approx(float(expected), rel=1e-4)


def test_scales_are_powers_of_two_that_learn() -> None:
    quantiser = ApotActivationQuant(4, alpha_init=8.0)
    assert float(quantiser.scale().detach()) == 0.125
    quantiser(data(100) * 4)[0].sum().backward()
    assert float(quantiser.alpha.grad.abs()) > 0
    quantiser.set_scale(0.25)
    assert float(quantiser.scale().detach()) == 0.25


def test_two_bit_weights_start_where_a_normal_distribution_loses_least() -> None:
    weight = data(200_000)

    def error(alpha: float) -> float:
        return float((project(weight, weight_levels(2), alpha) - weight).square().mean())

    start = first_weight_alpha(2)
    assert error(start) < min(error(start * 0.95), error(start * 1.05), error(first_weight_alpha(3)) / 3)


def test_ties_go_up_as_in_a_multithreshold() -> None:
    quantiser = ApotActivationQuant(4)
    quantiser.set_scale(1.0)
    value, *_ = quantiser(torch.tensor([0.4999, 0.5, 7.0, 10.5, 42.0, 1e9, -3.0]))
    assert value.tolist() == [0, 1, 8, 12, 48, 48, 0]


def test_constant_weights_give_no_nan() -> None:
    value, *_ = ApotWeightQuant(4)(torch.full((4, 4), 0.25))
    assert torch.equal(value, torch.zeros(4, 4))


def test_a_single_weight_becomes_its_sign_and_zero_stays() -> None:
    weights = torch.tensor([0.01, -7.0, 0.0]).reshape(3, 1, 1)
    signs = [ApotWeightQuant(4).normalised(weight).item() for weight in weights]
    assert signs == [1, -1, 0]


def test_clipping_values_never_begin_at_zero() -> None:
    random = data(4, 4)
    assert torch.equal(deviation(random), random.std())
    alike = {weight: deviation(torch.full((7,), weight)).item() for weight in (0.2, -3.0, 0.0)}
    assert alike == {0.2: pytest.approx(0.2), -3.0: 3.0, 0.0: 1.0}
    assert deviation(torch.tensor([[-0.5]])).item() == 0.5


def test_brevitas_layers_take_both() -> None:
    layer = qnn.QuantConv2d(3, 8, 3, weight_quant=ApotWeight, bias=False)
    quantised = layer.quant_weight()
    codes = (quantised.value / quantised.scale).detach()
    assert set(codes.abs().unique().tolist()) <= set(weight_levels(4).values)
    assert int(quantised.bit_width) == 5
    act = qnn.QuantIdentity(act_quant=ApotActivation, return_quant_tensor=True)(torch.rand(10))
    assert int(act.bit_width) == 6


def test_nan_and_any_layout_can_be_projected() -> None:
    x = torch.rand(2, 3, 4, 5).mul(9).to(memory_format=torch.channels_last)
    quantiser = ApotActivationQuant(4)
    assert torch.equal(quantiser(x)[0], quantiser(x.contiguous())[0])
    assert torch.equal(quantiser(x[:, ::2])[0], quantiser(x)[0][:, ::2])
    assert quantiser(torch.tensor([float("nan"), float("inf"), -float("inf")]))[0].tolist() == [0, 6, 0]


@pytest.mark.parametrize("bits", range(2, 7))
def test_what_is_compiled_compares_to_the_same_levels(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    levels = activation_levels(bits)
    places = torch.arange(-4.0, 2 * levels.largest + 4, 0.25) / 2
    below = torch.nextafter(places, torch.tensor(-torch.inf))
    x = torch.cat([places, below, torch.tensor([float("nan"), float("inf")])])
    quantiser = ApotActivationQuant(bits, alpha_init=float(levels.largest))
    table = quantiser(x)[0]
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert torch.equal(quantiser(x)[0], table)
    assert set(table.int().tolist()) == set(levels.values)


def test_bfloat16_activations_stay_bfloat16_on_the_levels() -> None:
    x = (data(300) * 6).to(torch.bfloat16).requires_grad_()
    value, scale, *_ = ApotActivationQuant(4)(x)
    value.sum().backward()
    assert value.dtype == x.grad.dtype == torch.bfloat16
    assert set((value.float() / scale).tolist()) <= set(activation_levels(4).values)
