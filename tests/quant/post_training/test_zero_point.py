"""Zero points: finer scales for values to one side of 0, and integers that stay exact on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from twofold.errors import UserError
from twofold.golden.codes import quantise as codes_of
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.models.demo import DemoNet
from twofold.network.describe import observed_tensors
from twofold.qonnx.executor import run_executor
from twofold.qonnx.export import export
from twofold.qonnx.freeze import OUTPUT, freeze
from twofold.qonnx.freeze_run import run_frozen
from twofold.qonnx.importer.load import import_model
from twofold.quant.codes import Codes, activation_codes
from twofold.quant.post_training.quantise import quantise_trained
from twofold.quant.post_training.settings import Activations, Calibration, PostTraining
from twofold.quant.recipe import Int

IMAGES = torch.rand(32, 1, 8, 8, generator=torch.Generator().manual_seed(0)) - 0.25


def demo() -> DemoNet:
    torch.manual_seed(0)
    return DemoNet(widths=(4, 6)).eval()


def test_the_range_follows_the_values() -> None:
    plain, shifted = (
        activation_codes(quantise_trained(demo(), Int(8), PostTraining(zero_point=z), IMAGES).input_quant)
        for z in (False, True)
    )
    assert plain == Codes(-128, 127, 2**-7), "−0.25 to 0.75: as far to either side"
    assert shifted == Codes(-64, 191, 2**-8, 64)


@pytest.mark.parametrize(
    "settings",
    [
        PostTraining(zero_point=True),
        PostTraining(Calibration.PERCENTILE, 99, zero_point=True, correct_bias=True),
    ],
    ids=["min-max", "percentile"],
)
def test_zero_points_are_exact_from_the_frozen_model_to_the_executor(
    settings: PostTraining, tmp_path: Path
) -> None:
    frozen = freeze(quantise_trained(demo(), Int(8, residual_bits=6), settings, IMAGES), IMAGES)
    assert {"input_quant", "conv3_quant", "shortcut_quant"} <= set(frozen.zero_points)
    export(frozen, IMAGES, tmp_path / "model.onnx")
    imported = import_model(tmp_path / "model.onnx")
    codes = codes_of(IMAGES[:3].numpy(), imported.input.type)
    golden, executor = execute(imported, codes), run_executor(tmp_path / "model.onnx", imported, codes)
    found = run_frozen(frozen, IMAGES[:3])
    for name, candidate, tensors in (
        ("frozen", found, (OUTPUT,)),
        ("executor", executor, observed_tensors(imported)),
    ):
        check = compare("demo", ("golden", golden), (name, candidate), tensors)
        assert check.status is Status.PASS, check.detail
    assert all(np.array_equal(golden[name], found[name]) for name in frozen.scales), "all of them"


def test_a_pool_keeps_the_zero_point_of_what_it_reads(tmp_path: Path) -> None:
    first, second = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
    network = nn.Sequential(first, nn.MaxPool2d(2), second, nn.Flatten(), nn.Linear(64, 3))
    frozen = freeze(quantise_trained(network, Int(8), PostTraining(zero_point=True), IMAGES), IMAGES)
    assert frozen.zero_points["_1"] == frozen.zero_points["_0_quant"]
    export(frozen, IMAGES, tmp_path / "model.onnx")
    imported = import_model(tmp_path / "model.onnx")
    golden = execute(imported, codes_of(IMAGES[:3].numpy(), imported.input.type))
    found = run_frozen(frozen, IMAGES[:3])
    assert all(np.array_equal(golden[name], found[name]) for name in frozen.scales)


def test_only_constants_have_a_zero_point() -> None:
    with pytest.raises(UserError, match=r'zero_point: expected only with activations = "static"'):
        PostTraining(activations=Activations.DYNAMIC, zero_point=True)
