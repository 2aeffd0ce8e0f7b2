"""Masked channels compute what removed ones do."""

from __future__ import annotations

import torch
from torch.func import functional_call

from twofold.models.demo import DemoNet
from twofold.prune.criteria.filter_norm import FilterNorm
from twofold.prune.masking import masked_parameters
from twofold.prune.prunable import Prunable
from twofold.prune.remove import filters_to_remove, remove_filters
from twofold.prune.schedule import StagedPruning

IMAGES = torch.rand(16, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def warmed_up() -> DemoNet:
    """A network whose batch normalisation shifts, so that a map of zeros would not stay one."""
    torch.manual_seed(0)
    model = DemoNet()
    for name, values in model.named_parameters():
        if "bn" in name:
            torch.nn.init.normal_(values)
    for _ in range(3):
        model(IMAGES)
    return model.eval()


def test_masking_equals_removing() -> None:
    model = warmed_up()
    (keep,) = StagedPruning(0.3, 1).plan(model)
    network = Prunable.of(model, IMAGES)
    removed = filters_to_remove(network.groups, FilterNorm(1)(network), keep)
    masked = functional_call(model, dict(masked_parameters(model, network.groups, removed)), (IMAGES,))
    expected = remove_filters(model, IMAGES, FilterNorm(1), keep)(IMAGES)
    assert torch.allclose(masked, expected, atol=1e-5)
    assert not torch.allclose(masked, model(IMAGES), atol=1e-2)


def test_what_is_left_has_its_gradient() -> None:
    model = warmed_up()
    groups = Prunable.of(model, IMAGES).groups
    place = next(index for index, group in enumerate(groups) if group.producers == ("conv2",))
    removed = [[0, 3] if index == place else [] for index in range(len(groups))]
    parameters = dict(masked_parameters(model, groups, removed))
    functional_call(model, parameters, (IMAGES,)).square().mean().backward()
    assert not model.conv2.weight.grad[[0, 3]].any()
    assert model.conv2.weight.grad.any()
