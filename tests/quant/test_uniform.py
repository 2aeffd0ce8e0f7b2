import pytest
import torch
from brevitas.core.quant.int_base import IntQuant

from twofold.quant.uniform import FusedIntQuant


def _brevitas(signed, bits):
    stock = IntQuant(narrow_range=False, signed=signed, input_view_impl=torch.nn.Identity())
    return lambda scale, x: stock(scale, torch.tensor(0.0), torch.tensor(float(bits)), x)


def _fused(signed, bits):
    module = FusedIntQuant(bits, signed, narrow_range=False)
    return lambda scale, x: module(scale, torch.tensor(0.0), torch.tensor(float(bits)), x)


def _outcome(project, x, weights):
    x, scale = x.clone().requires_grad_(), torch.tensor(0.25, requires_grad=True)
    values = project(scale, x)
    (values * weights).sum().backward()
    return values.detach(), x.grad, scale.grad


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_values_and_gradients_are_those_of_brevitas(bits, signed):
    generator = torch.Generator().manual_seed(bits)
    x, weights = torch.randn(2, 4, 3, 5, 5, generator=generator) * 40
    x.flatten()[:4] = torch.tensor([0.125, 0.375, -0.125, 0.0])  # halves go to the even code
    expected, found = (_outcome(make(signed, bits), x, weights) for make in (_brevitas, _fused))
    assert all(torch.equal(a, b) for a, b in zip(expected[:2], found[:2], strict=True))
    assert torch.allclose(expected[2], found[2], rtol=1e-5)


def test_a_grid_one_code_short_differs_from_that_of_brevitas():
    x = torch.linspace(-3, 30, 200)
    narrow = FusedIntQuant(4, True, narrow_range=True)
    values = narrow(torch.tensor(1.0), torch.tensor(0.0), torch.tensor(4.0), x - 12)
    assert not torch.equal(values, _brevitas(True, 4)(torch.tensor(1.0), x - 12))


def test_the_number_format_stays():
    x = torch.rand(8).bfloat16()
    assert _fused(False, 8)(torch.tensor(2.0**-8), x).dtype == torch.bfloat16
