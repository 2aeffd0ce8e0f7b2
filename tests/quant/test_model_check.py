"""Models that are refused before they are traced."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.utils import weight_norm

from twofold.errors import UserError
from twofold.quant.model_check import check_sized, check_takes
from twofold.quant.trace import trace

IMAGES = torch.rand(8, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("refuse", [check_sized, trace, lambda model: check_takes(model, IMAGES)])
def test_layers_without_a_size_are_refused_until_they_have_one(refuse: Callable[[nn.Module], object]) -> None:
    model = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    with pytest.raises(UserError, match=r"1 \(LazyLinear\): expected sizes in numbers"):
        refuse(model)
    model(IMAGES)
    refuse(model)


def test_a_model_that_cannot_be_copied_is_refused() -> None:
    model = nn.Sequential(weight_norm(nn.Conv2d(1, 4, 3)))
    model(IMAGES)
    with pytest.raises(
        UserError, match=r"Sequential: expected a model that can be copied, got RuntimeError: Only Tensors"
    ):
        check_takes(model, IMAGES)
