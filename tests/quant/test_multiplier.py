"""Scales that multipliers carry exactly: the least that fit, by trying out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from twofold.quant.codes import Codes, partial_sums
from twofold.quant.dyadic import dyadic, dyadic_above, nearest_power_of_two
from twofold.quant.multiplier import IntegerLayer, fitting_scales, multiplier_bits, sound_scales

EXACT = 1 << 12
BITS = torch.tensor([16, 16, 16])


def numbers(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def layer(bias: float = 0.0) -> IntegerLayer:
    """Three filters of four weights, of the sizes 1, 0.3 and 0.01."""
    weight = torch.randn(3, 4, 1, 1, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    weight = weight / weight.abs().amax((1, 2, 3), keepdim=True) * numbers(1, 0.3, 0.01).reshape(-1, 1, 1, 1)
    return IntegerLayer(weight, torch.full((3,), bias, dtype=torch.float64), 7, Codes(0, 15, 0.25))


def worst(what: IntegerLayer, scale: Tensor) -> Tensor:
    """Greatest partial sum times mantissa of each channel, written down anew."""
    codes = torch.round(what.weight.flatten(1) / scale[:, None]).clamp(-7, 7)
    bias = torch.round(what.bias / (scale * what.operand.scale))
    ups = (codes.clamp(min=0).sum(1) * 15 + bias.clamp(min=0)).abs()
    downs = (codes.clamp(max=0).sum(1) * 15 + bias.clamp(max=0)).abs()
    return torch.maximum(ups, downs) * dyadic(scale)[0]


def test_scales_are_rounded_up_to_so_many_bits() -> None:
    values = numbers(1.0, 0.7, 5.01, 2.0**-30)
    assert dyadic_above(values, torch.tensor(1)).tolist() == [1.0, 1.0, 8.0, 2.0**-30]
    assert dyadic_above(values, torch.tensor(3)).tolist() == [1.0, 0.75, 6.0, 2.0**-30]
    assert multiplier_bits(numbers(1.0, 0.75, 5.0, 2.0**-30)).tolist() == [1, 2, 3, 1]


@pytest.mark.parametrize("value, expected", [(0.3, 0.25), (0.36, 0.5), (1.0, 1.0), (3.0, 4.0)])
def test_powers_of_two_are_near_in_the_logarithm(value: float, expected: float) -> None:
    assert nearest_power_of_two(value) == expected


def test_mantissas_are_as_long_as_the_sums_leave() -> None:
    wanted = numbers(1, 0.3, 0.01) / 7
    found = fitting_scales(layer(), wanted, BITS, EXACT)
    assert bool((worst(layer(), found) < EXACT).all())
    assert bool((found >= wanted).all()) and bool((found < wanted * 1.1).all())
    finer = dyadic_above(wanted, multiplier_bits(found) + 1)
    assert bool(((worst(layer(), finer) >= EXACT) | (finer >= found)).all()), "one bit more does not fit"


def test_a_tensor_shares_one_scale() -> None:
    wanted = numbers(1 / 7)
    found = fitting_scales(layer(), wanted, BITS[:1], EXACT)
    assert found.shape == (1,)
    assert bool((worst(layer(), found.expand(3)) < EXACT).all())


def test_a_large_bias_makes_the_weights_beside_it_coarser() -> None:
    wanted = numbers(1, 0.3, 0.01) / 7
    found = fitting_scales(layer(bias=20.0), wanted, BITS, EXACT)
    assert bool((worst(layer(bias=20.0), found) < EXACT).all())
    assert float(found[2]) > 4 * float(wanted[2])
    assert float(found[0]) < 1.2 * float(wanted[0])


def test_sums_that_fit_no_multiplier_are_left_to_be_refused() -> None:
    wanted = numbers(1, 0.3, 0.01) / 7
    found = fitting_scales(layer(), wanted, BITS, exact=8)
    assert bool((multiplier_bits(found) == 1).all())
    assert bool((found < 2 * wanted).all()), "weights do not lose bits unnoticed"


def test_channels_without_weights_get_a_scale_too() -> None:
    assert sound_scales(numbers(0.0, 0.5, float("nan"), 1e-9)).tolist() == [0.5, 0.5, 0.5, 0.5 * 2.0**-12]
    assert sound_scales(numbers(0.0, 0.0)).tolist() == [1.0, 1.0]


def test_no_order_of_accumulation_leaves_the_bounds() -> None:
    weight, bias = torch.tensor([[3.0, -2.0, 1.0]]), torch.tensor([-4.0])
    least, greatest = partial_sums(weight, bias, -1.0, 5.0)
    terms = [(0, -3, 15), (0, 2, -10), (0, -1, 5), (0, -4)]
    sums = torch.cartesian_prod(*(torch.tensor(term) for term in terms)).sum(1)
    assert (int(least), int(greatest)) == (int(sums.min()), int(sums.max()))
