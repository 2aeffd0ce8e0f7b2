"""Norms of filters, and which weights are meant."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.prune.criteria.filter_norm import FilterNorm
from twofold.prune.prunable import Prunable, quantised_weights
from twofold.quant.convert import quantise
from twofold.quant.recipe import Apot

PIXEL = torch.zeros(1, 1, 1, 1)


def test_both_orders_by_hand(two_layers: nn.Module) -> None:
    network = Prunable.of(two_layers, PIXEL)
    l1, l2 = FilterNorm(1)(network), FilterNorm(2)(network)
    assert (l1["0"].tolist(), l1["2"].tolist()) == ([3, 4], [1, 2, 2])
    assert (l2["0"].tolist(), l2["2"].tolist()) == ([3, 4], [1, 2, 2**0.5])


def test_quantised_weights_are_those_on_the_levels() -> None:
    torch.manual_seed(0)
    images = torch.rand(8, 1, 8, 8)
    model = quantise(DemoNet(widths=(4, 6)), Apot(3, 4), images)
    raw, levels = (
        FilterNorm(1)(Prunable.of(model, images)),
        FilterNorm(1)(Prunable.of(model, images, quantised_weights)),
    )
    expected = model.conv2.quant_weight().value.detach().abs().flatten(1).sum(1)
    assert torch.allclose(levels["conv2"], expected.double())
    assert not torch.allclose(raw["conv2"], levels["conv2"])


def test_other_orders_are_refused() -> None:
    with pytest.raises(UserError, match="expected order 1 or 2, got 3"):
        FilterNorm(3)
