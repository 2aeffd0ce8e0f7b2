"""Networks quantised without training: static ones run exactly, the others say what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from twofold.errors import UserError
from twofold.golden.codes import quantise as codes_of
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.models.demo import DemoNet
from twofold.models.small_cnn import SmallCnn
from twofold.network.describe import observed_tensors
from twofold.qonnx.executor import run_executor
from twofold.qonnx.export import export
from twofold.qonnx.freeze import OUTPUT, freeze
from twofold.qonnx.freeze_run import run_frozen
from twofold.qonnx.importer.load import import_model
from twofold.quant.codes import activation_codes
from twofold.quant.post_training import quantise as module
from twofold.quant.post_training.quantise import quantise_trained
from twofold.quant.post_training.settings import Activations, Calibration, PostTraining, Source
from twofold.quant.recipe import Apot, Granularity, Int, Scales
from twofold.quant.widths import Width, widths_of

IMAGES = torch.rand(64, 1, 12, 12, generator=torch.Generator().manual_seed(0))
BEST = PostTraining(Calibration.MSE, equalise=True, correct_bias=True)


def demo() -> DemoNet:
    torch.manual_seed(0)
    return DemoNet(widths=(4, 6)).eval()


def error(settings: PostTraining, network: nn.Module | None = None) -> float:
    """Of the logits, relative to the greatest."""
    model = network or demo()
    with torch.no_grad():
        expected, found = model(IMAGES), quantise_trained(model, Int(8), settings, IMAGES)(IMAGES)
    return float((expected - found).abs().max() / expected.abs().max())


@pytest.mark.parametrize(
    "recipe, settings",
    [
        (Int(8), PostTraining()),
        (Int(8), PostTraining(Calibration.PERCENTILE, 99)),
        (Int(5), BEST),
        (Int(6, Granularity.CHANNEL, Scales.FREE), BEST),
        (Int(8), PostTraining(images=Source.SYNTHETIC, correct_bias=True)),
    ],
    ids=["min-max", "percentile", "best", "free", "synthetic"],
)
def test_static_ones_are_exact_from_the_frozen_model_to_the_executor(
    recipe: Int, settings: PostTraining, tmp_path: Path
) -> None:
    frozen = freeze(quantise_trained(demo(), recipe, settings, IMAGES), IMAGES)
    export(frozen, IMAGES, tmp_path / "model.onnx")
    imported = import_model(tmp_path / "model.onnx")
    codes = codes_of(IMAGES[:3].numpy(), imported.input.type)
    golden, executor = execute(imported, codes), run_executor(tmp_path / "model.onnx", imported, codes)
    for name, found, tensors in (
        ("frozen", run_frozen(frozen, IMAGES[:3]), (OUTPUT,)),
        ("executor", executor, observed_tensors(imported)),
    ):
        check = compare("demo", ("golden", golden), (name, found), tensors)
        assert check.status is Status.PASS, check.detail


def test_eight_bits_lose_little_however_scales_are_chosen() -> None:
    for settings in (
        PostTraining(),
        BEST,
        PostTraining(activations=Activations.DYNAMIC),
        PostTraining(activations=Activations.FLOAT),
    ):
        assert error(settings) < 0.05, settings


def test_min_max_covers_every_value_and_a_percentile_does_not() -> None:
    outlier = IMAGES.clone()
    outlier[0, 0, 0, 0] = 100
    scales = []
    for settings in (PostTraining(), PostTraining(Calibration.PERCENTILE, 99.9)):
        model = quantise_trained(demo(), Int(8), settings, outlier)
        scales.append(activation_codes(model.input_quant).scale)
    assert scales == [0.5, 2**-8], "the least powers of two from 100 / 256 and 1 / 256 on"


def test_bias_correction_takes_out_the_mean_error() -> None:
    model, recipe = demo(), Int(3)
    with torch.no_grad():
        expected = model(IMAGES).mean(0)
        plain, corrected = (
            quantise_trained(model, recipe, PostTraining(correct_bias=correct), IMAGES)(IMAGES).mean(0)
            for correct in (False, True)
        )
    assert float((corrected - expected).norm()) < 0.5 * float((plain - expected).norm())


def test_each_image_counts_alike_in_the_correction_of_biases(monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.cat([IMAGES, torch.zeros(1, 1, 12, 12)])
    split = quantise_trained(demo(), Int(3), PostTraining(correct_bias=True), images)
    monkeypatch.setattr(module, "_BATCH", len(images))
    whole = quantise_trained(demo(), Int(3), PostTraining(correct_bias=True), images)
    for name in ("conv1", "conv2", "fc"):
        biases = [model.get_parameter(f"{name}.bias") for model in (split, whole)]
        assert torch.allclose(*biases, rtol=1e-4, atol=1e-6), name


def test_equalisation_helps_channels_of_unlike_ranges() -> None:
    network = demo()
    with torch.no_grad():
        network.bn1.weight.copy_(torch.tensor([100.0, 1.0, 0.1, 0.01]))
        network.conv2.weight /= network.bn1.weight.reshape(1, -1, 1, 1)
        network.conv3.weight *= 10
    plain, equal = (error(PostTraining(equalise=equalise), network) for equalise in (False, True))
    assert equal < plain


def test_widths_say_what_is_multiplied() -> None:
    dynamic = quantise_trained(demo(), Int(6), PostTraining(activations=Activations.DYNAMIC), IMAGES)
    weights = quantise_trained(demo(), Int(6), PostTraining(activations=Activations.FLOAT), IMAGES)
    assert widths_of(dynamic)["conv2"] == Width(6, 6)
    assert widths_of(weights)["conv2"] == Width(6, None)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(UserError, match=r'levels = "int", got Apot'):
        quantise_trained(demo(), Apot(4, 4), PostTraining(), IMAGES)
    with pytest.raises(UserError, match=r'calibration: expected only with activations = "static"'):
        PostTraining(Calibration.MSE, activations=Activations.DYNAMIC)
    with pytest.raises(UserError, match=r"percentile: expected more than 50 and at most 100, got 0.5"):
        PostTraining(percentile=0.5)
    with pytest.raises(UserError, match=r"synthetic images: expected a network with batch normalisation"):
        quantise_trained(SmallCnn(1, 12, (3, 5)), Int(8), PostTraining(images=Source.SYNTHETIC), IMAGES)
    with pytest.raises(UserError, match=r"synthetic images: expected data of values from 0 to 1.*got -0\.5;"):
        quantise_trained(demo(), Int(8), PostTraining(images=Source.SYNTHETIC), IMAGES.clamp(0.1) - 0.6)


@pytest.mark.parametrize("source", list(Source))
def test_a_normalisation_without_statistics_is_refused_by_name(source: Source) -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 2, 3),
        nn.BatchNorm2d(2),
        nn.Conv2d(2, 2, 3),
        nn.BatchNorm2d(2, track_running_stats=False),
        nn.Flatten(),
        nn.Linear(128, 3),
    ).eval()
    with pytest.raises(UserError, match=r"node _3 .*: expected affine = True and track_running_stats = True"):
        quantise_trained(network, Int(8), PostTraining(images=source), IMAGES)
