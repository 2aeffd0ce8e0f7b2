"""Networks by name: their size as published, and every step of the road on the small ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from twofold.errors import UserError
from twofold.golden.codes import quantise as codes_of
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.metrics import layer_costs, total_macs
from twofold.models.catalogue import NAMES, drawn, network_named
from twofold.models.resnet import ResNet
from twofold.models.resnet50 import ResNet50
from twofold.models.small_cnn import SmallCnn
from twofold.network.describe import observed_tensors
from twofold.prune.criteria.geometric_median import GeometricMedian
from twofold.prune.remove import kept_filters, remove_filters, widths
from twofold.qonnx.executor import run_executor
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


@pytest.mark.parametrize(
    "name, image, classes, parameters, macs",
    [
        ("small_cnn", (1, 28, 28), 10, 34_826, 26**2 * 9 * 32 + 11**2 * 9 * 32 * 64 + 16_000),
        ("small_cnn", (3, 32, 32), 10, 42_442, 30**2 * 27 * 32 + 13**2 * 9 * 32 * 64 + 23_040),
        ("resnet18", (3, 32, 32), 10, 11_173_962, 555_422_720),
        ("resnet50", (3, 224, 224), 1000, 25_557_032, 4_089_184_256),
    ],
)
def test_sizes_are_the_published_ones(
    name: str, image: tuple[int, int, int], classes: int, parameters: int, macs: int
) -> None:
    with torch.device("meta"):
        network = network_named(name, classes, image[0], size=image[1])
        assert total_macs(layer_costs(network, torch.zeros(1, *image))) == macs
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


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
    with pytest.raises(UserError, match=r"^widths: expected 4, one for each stack of resnet18, got 3$"):
        network_named("resnet18", widths=(12, 23, 45))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UserError, match=r"demo, resnet8, .* or your own, FILE\.py:NAME, got 'resnet9'"):
        network_named("resnet9")


@pytest.mark.parametrize(
    "name, recipe",
    [("resnet8", Apot(4, 4)), ("resnet8", Int(8)), ("resnet20", Apot(4, 4))],
    ids=["resnet8-apot", "resnet8-int8", "resnet20-apot"],
)
def test_golden_equals_the_frozen_model_after_pruning(name: str, recipe: Apot | Int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = network_named(name).eval()
    keep = {layer: kept_filters(width, 0.3) for layer, width in widths(network).items()}
    pruned = remove_filters(network, IMAGES, GeometricMedian(), keep)
    assert compared_layers(pruned, recipe, IMAGES, tmp_path) > len(keep), "every layer is compared"


@pytest.mark.parametrize(
    "build, image, recipe",
    [
        (partial(SmallCnn, 1, 12, (3, 5)), (1, 12, 12), Apot(4, 4)),
        (partial(SmallCnn, 1, 12, (3, 5)), (1, 12, 12), Int(8)),
        (partial(ResNet, 1, 3, (4, 6, 8, 10)), (3, 16, 16), Apot(4, 4)),
        (partial(ResNet50, 3, (3, 4, 5, 6), 7, (1, 1, 1, 1)), (3, 40, 40), Int(8)),
    ],
    ids=["small_cnn-apot", "small_cnn-int8", "resnet18-apot", "resnet50-int8"],
)
def test_golden_equals_the_frozen_model_and_the_executor(
    build: Callable[[], nn.Module], image: tuple[int, int, int], recipe: Apot | Int, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = build()
    images = torch.rand(4, *image, generator=torch.Generator().manual_seed(0))
    assert compared_layers(network.eval(), recipe, images, tmp_path) > len(layer_costs(network, images))
    imported = import_model(tmp_path / "model.onnx")
    codes = codes_of(images.numpy(), imported.input.type)
    golden, found = execute(imported, codes), run_executor(tmp_path / "model.onnx", imported, codes)
    check = compare("network", ("golden", golden), ("executor", found), observed_tensors(imported))
    assert check.status is Status.PASS, check.detail


def compared_layers(network: nn.Module, recipe: Apot | Int, images: torch.Tensor, folder: Path) -> int:
    """How many tensors of the exported network are equal in golden and frozen model, which are all."""
    frozen = freeze(quantise(network, recipe, images), images)
    export(frozen, images, folder / "model.onnx")
    imported = import_model(folder / "model.onnx")
    golden = execute(imported, codes_of(images[:3].numpy(), imported.input.type))
    check = compare("network", ("golden", golden), ("frozen", run_frozen(frozen, images[:3])), (OUTPUT,))
    assert check.status is Status.PASS, check.detail
    return len(check.tensors)
