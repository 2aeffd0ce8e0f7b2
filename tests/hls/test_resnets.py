"""Narrow ResNets with random weights: residual additions, strided shortcuts, global average pooling."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.golden.samples import sample_frames
from twofold.hls.csim import run_csim
from twofold.models.resnet import ResNet
from twofold.network.graph import Network
from twofold.network.ops import Add, Conv2d, Flatten, Requantise, SumPool2d, Threshold
from twofold.qonnx.export import export
from twofold.qonnx.freeze import freeze
from twofold.qonnx.importer.load import import_model
from twofold.quant.convert import quantise
from twofold.quant.recipe import Apot, Granularity, Int, Recipe, Scales

FRAMES = 3


def narrow_resnet(recipe: Recipe, folder: Path) -> Network:
    """ResNet-8 of 4, 6 and 8 channels for images of 8 × 8."""
    torch.manual_seed(0)
    images = torch.rand(16, 3, 8, 8)
    model = ResNet(1, 3, (4, 6, 8), classes=5).eval()
    export(freeze(quantise(model, recipe, images).eval(), images), images, folder / "resnet.onnx")
    return import_model(folder / "resnet.onnx")


@pytest.mark.parametrize(
    "recipe, quantiser",
    [(Int(8, Granularity.CHANNEL, Scales.FREE), Requantise), (Apot(4, 4), Threshold)],
    ids=["int8", "apot"],
)
def test_every_layer_of_a_resnet_equals_golden(recipe: Recipe, quantiser: type, tmp_path: Path) -> None:
    network = narrow_resnet(recipe, tmp_path)
    kinds = [type(op) for op in network.ops]
    assert (kinds.count(Add), kinds.count(SumPool2d), kinds.count(Conv2d)) == (3, 1, 9)
    assert sum(kind is quantiser for kind in kinds) > 5
    assert any(op.stride == (2, 2) and op.weight.shape[2:] == (1, 1) for op in network.ops if is_conv(op))
    frames = sample_frames(network, FRAMES, seed=0)
    shown = tuple(op.output for op in network.ops if not isinstance(op, Flatten))
    check = compare(
        "resnet", ("golden", execute(network, frames)), ("csim", run_csim(network, frames)), shown
    )
    assert (check.status, check.detail) == (Status.PASS, "")


def is_conv(op: object) -> bool:
    return isinstance(op, Conv2d)
