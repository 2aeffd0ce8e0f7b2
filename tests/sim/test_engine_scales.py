"""Multipliers that carry scales of each filter, of any size, from a quantised model to the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from twofold.golden.compare import Check, Status
from twofold.models.demo import DemoNet
from twofold.network.ops import Requantise
from twofold.plan.schedule import plan
from twofold.qonnx.export import export
from twofold.qonnx.freeze import freeze
from twofold.qonnx.importer.load import import_model
from twofold.quant.convert import quantise
from twofold.quant.recipe import Granularity, Int, Scales
from twofold.rtl.geometry import Geometry
from twofold.sim.engine import EngineRun


def test_the_engine_multiplies_by_them(
    verify: Callable[..., tuple[Check, EngineRun]], geometry: Geometry, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    images, model = torch.rand(16, 2, 6, 6), DemoNet(2, widths=(4, 6)).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, -2, 2)
    frozen = freeze(quantise(model, Int(4, Granularity.CHANNEL, Scales.FREE), images), images)
    export(frozen, images, tmp_path / "model.onnx")
    network = import_model(tmp_path / "model.onnx")
    multipliers = [len(set(op.multiplier.tolist())) for op in network.ops if isinstance(op, Requantise)]
    assert max(multipliers) > 3
    check, _ = verify(network, plan(network, geometry, traced=True), frames=2)
    assert check.status is Status.PASS, check.detail
