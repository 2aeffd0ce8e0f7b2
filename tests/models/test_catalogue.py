"""Networks by name: their size as published, and every step of the road on the small ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from twofold.errors import UserError
from twofold.golden.codes import quantise as codes_of
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.models.catalogue import NAMES, drawn, network_named
from twofold.prune.criteria import geometric_median
from twofold.prune.remove import kept_filters, remove_filters, widths
from twofold.qonnx.export import export
from twofold.qonnx.freeze import OUTPUT, freeze
from twofold.qonnx.freeze_run import run_frozen
from twofold.qonnx.importer.load import import_model
from twofold.quant.convert import quantise
from twofold.quant.recipe import Apot, Int

IMAGES = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "name, convolutions",
    [("resnet8", 9), ("resnet20", 21), ("resnet32", 33), ("resnet56", 57), ("resnet110", 111), ("vgg16", 13)],
)
def test_depth_is_the_published_one(name: str, convolutions: int) -> None:
    assert len(widths(network_named(name))) == convolutions


@pytest.mark.parametrize("name", NAMES)
def test_classes_and_channels_are_free(name: str) -> None:
    network = network_named(name, classes=7, channels=1).eval()
    assert network(IMAGES[:2, :1]).shape == (2, 7)


def test_the_same_seed_draws_the_same_weights() -> None:
    before = torch.random.get_rng_state()
    first, again, other = (drawn("resnet8", 10, 3, seed) for seed in (1, 1, 2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.equal(first.state_dict()["conv1.weight"], again.state_dict()["conv1.weight"])
    assert not torch.equal(first.state_dict()["conv1.weight"], other.state_dict()["conv1.weight"])


def test_resnets_have_the_widths_that_are_given() -> None:
    network = drawn("resnet8", 10, 3, seed=0, widths=(12, 23, 45))
    assert set(widths(network).values()) == {12, 23, 45}
    with pytest.raises(UserError, match=r"^widths: expected a ResNet, .*, got 'vgg16'$"):
        network_named("vgg16", widths=(12, 23, 45))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UserError, match=r"network: expected one of demo, resnet8, .*, got 'resnet18'"):
        network_named("resnet18")


@pytest.mark.parametrize(
    "name, recipe",
    [("resnet8", Apot(4, 4)), ("resnet8", Int(8)), ("resnet20", Apot(4, 4))],
    ids=["resnet8-apot", "resnet8-int8", "resnet20-apot"],
)
def test_golden_equals_the_frozen_model_after_pruning(name: str, recipe: Apot | Int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = network_named(name).eval()
    keep = {layer: kept_filters(width, 0.3) for layer, width in widths(network).items()}
    pruned = remove_filters(network, IMAGES, geometric_median, keep)
    frozen = freeze(quantise(pruned, recipe, IMAGES), IMAGES)
    export(frozen, IMAGES, tmp_path / "model.onnx")
    imported = import_model(tmp_path / "model.onnx")
    golden = execute(imported, codes_of(IMAGES[:3].numpy(), imported.input.type))
    check = compare(name, ("golden", golden), ("frozen", run_frozen(frozen, IMAGES[:3])), (OUTPUT,))
    assert check.status is Status.PASS, check.detail
    assert len(check.tensors) > len(keep), "every layer is compared"
