"""Single weights: which go, and that they stay gone."""

from __future__ import annotations

import torch
from torch import nn

from twofold.prune.unstructured import restore_zeros, zero_masks, zero_smallest


def network() -> nn.Sequential:
    model = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.Flatten(), nn.Linear(2, 2))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([-3.0, 0.5]).reshape(2, 1, 1, 1))
        model[2].weight.copy_(torch.tensor([[0.1, -0.4], [0.3, 0.2]]))
        model[2].bias.fill_(0.01)
    return model


def test_the_smallest_of_each_layer_go() -> None:
    model = network()
    zero_smallest(model, 0.5)
    assert model[0].weight.flatten().tolist() == [-3, 0]
    assert torch.equal(model[2].weight, torch.tensor([[0, -0.4], [0.3, 0]]))
    assert model[2].bias.all(), "biases stay"


def test_zeros_come_back() -> None:
    model = network()
    zero_smallest(model, 0.5)
    masks = zero_masks(model)
    with torch.no_grad():
        for values in model.parameters():
            values += 1
    restore_zeros(model, masks)
    assert model[0].weight.flatten().tolist() == [-2, 0]
    assert (model[2].weight == 0).tolist() == [[True, False], [False, True]]
