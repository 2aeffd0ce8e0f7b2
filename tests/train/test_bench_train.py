"""The contestants train, and the published form computes what ours does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from twofold.models.demo import DemoNet
from twofold.train import bench_train
from twofold.train.bench_train import KINDS, PEER, Contestant, TrainRow, apot, published_apot, row, table
from twofold.train.compiled import Eager
from twofold.train.compute import Compute


def test_rows_are_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "train.json"
    small = ["--network", "demo", "--batch", "4", "--steps", "1", "--rounds", "1", "--threads", "1"]
    bench_train.main([*small, "--eager", "--out", str(out)])
    rows = json.loads(out.read_text())
    assert [entry["kind"] for entry in rows] == list(KINDS)
    assert rows[0]["kind"] == PEER
    assert rows[0]["ratio"] == 1
    assert all(entry["images_per_second"] > 0 and not entry["compiled"] for entry in rows)
    printed = capsys.readouterr().out
    assert all(f"\n{kind} " in printed for kind in KINDS)


def test_the_published_form_has_the_same_values_and_gradients() -> None:
    torch.manual_seed(0)
    network, images = DemoNet(channels=3, widths=(4, 6)), torch.rand(8, 3, 32, 32)
    ours, published = (build(network, images).train() for build in (apot, published_apot))
    results = [model(images) for model in (ours, published)]
    assert torch.allclose(*results, atol=1e-4)
    for result in results:
        result.square().sum().backward()
    gradients = [model.get_parameter("conv2.weight").grad for model in (ours, published)]
    assert torch.allclose(*gradients, rtol=1e-2, atol=1e-3)


def test_ratios_are_of_the_same_round() -> None:
    def of(*rates: float) -> Contestant:
        model = DemoNet()
        return Contestant(model, Eager(model), Compute(), torch.optim.SGD(model.parameters()), list(rates))

    found = row("float", "demo", 4, of(20.0, 30.0, 8.0), of(10.0, 10.0, 2.0))
    assert found == TrainRow("float", "demo", 4, False, 20.0, 3.0)
    assert table([found]).splitlines()[1].split() == ["float", "demo", "4", "no", "20.0", "3.00"]
