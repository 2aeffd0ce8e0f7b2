"""Soft masks: what is zeroed, that it may grow back, and what is removed in the end."""

from __future__ import annotations

import torch

from twofold.models.demo import DemoNet
from twofold.prune.criteria.filter_norm import FilterNorm
from twofold.prune.criteria.geometric_median import GeometricMedian
from twofold.prune.remove import kept_filters, remove_filters, widths
from twofold.prune.schedule import SoftPruning, StagedPruning
from twofold.prune.soft import soft_mask
from twofold.quant.apot import centre_filters
from twofold.quant.convert import quantise
from twofold.quant.recipe import Apot

IMAGES = torch.rand(32, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def zeroed(model: torch.nn.Module, layer: str) -> set[int]:
    weight = model.get_submodule(layer).weight
    return {index for index, filter_ in enumerate(weight) if not filter_.detach().any()}


def test_masked_filters_are_the_ones_removed() -> None:
    torch.manual_seed(0)
    model = quantise(DemoNet(), Apot(4, 4), IMAGES)
    keep = SoftPruning(0.3).keep(model)
    mask = soft_mask(model, IMAGES, GeometricMedian(), keep)
    mask(model)
    assert {name: len(zeroed(model, name)) for name in keep} == {
        "conv1": 4, "conv2": 4, "conv3": 4, "conv4": 9, "shortcut": 9,
    }  # fmt: skip
    assert zeroed(model, "conv1") == zeroed(model, "conv3"), "their results are added"
    with torch.no_grad():
        left = [f for i, f in enumerate(model.conv2.weight) if i not in zeroed(model, "conv2")]
    pruned = remove_filters(model, IMAGES, FilterNorm(2), keep)
    rest = [i for i in range(16) if i not in zeroed(model, "conv1")]
    assert torch.equal(pruned.conv2.weight, torch.stack(left)[:, rest])
    assert pruned(IMAGES).shape == (32, 10)


def test_masked_filters_are_of_the_level_0_where_weights_are_normalised() -> None:
    torch.manual_seed(0)
    model = quantise(DemoNet(), Apot(4, 4), IMAGES)
    with torch.no_grad():
        for name in widths(model):
            model.get_submodule(name).weight += 0.1
    mask = soft_mask(model, IMAGES, GeometricMedian(), SoftPruning(0.3).keep(model))
    mask(model)
    masked, kept = sorted(zeroed(model, "conv2")), sorted({*range(16)} - zeroed(model, "conv2"))
    assert model.conv2.quant_weight().value[masked].any(), "0 is another level after normalisation"
    centre_filters(model)
    assert sorted(zeroed(model, "conv2")) == masked
    levels = model.conv2.quant_weight().value
    assert not levels[masked].any() and levels[kept].flatten(1).any(1).all()


def test_a_single_weight_is_not_centred_away() -> None:
    torch.manual_seed(0)
    model = quantise(DemoNet(widths=(1, 1)), Apot(4, 4), IMAGES)
    before = model.shortcut.weight.detach().clone()
    centre_filters(model)
    assert before.numel() == 1 and torch.equal(model.shortcut.weight, before)


def test_masked_filters_can_grow_back() -> None:
    torch.manual_seed(0)
    model = DemoNet()
    mask = soft_mask(model, IMAGES, FilterNorm(2), {"conv2": 12})
    mask(model)
    first = zeroed(model, "conv2")
    with torch.no_grad():
        model.conv2.weight[sorted(first)] += 10 * torch.randn(4, 16, 3, 3)
    mask(model)
    assert len(zeroed(model, "conv2")) == 4
    assert not zeroed(model, "conv2") & first


def test_aligned_widths() -> None:
    assert [kept_filters(width, 0.3, 8) for width in (8, 12, 16, 32, 64)] == [8, 12, 16, 24, 48]
    plan = StagedPruning(0.3, 3, align=4).plan(DemoNet())
    assert [(stage["conv1"], stage["conv4"]) for stage in plan] == [(16, 32), (16, 28), (12, 24)]
    assert SoftPruning(0.3, align=16).keep(DemoNet(widths=(16, 64)))["conv4"] == 48
    assert widths(DemoNet())["conv4"] == 32
