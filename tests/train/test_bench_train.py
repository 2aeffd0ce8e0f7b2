"""The contestants train, and the published form computes what ours does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from twofold.models.demo import DemoNet
from twofold.quant.apot import ApotActivationQuant, ApotWeightQuant
from twofold.train import bench_train
from twofold.train.bench_train import KINDS, PEER, Contestant, TrainRow, published_apot, row, table
from twofold.train.compiled import Eager
from twofold.train.compute import Compute
from twofold.train.published_apot import PublishedApotQuant, Search, by_bucketize, by_distances


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


@pytest.mark.parametrize("search", [by_bucketize, by_distances])
@pytest.mark.parametrize("quantiser", [ApotWeightQuant(4), ApotActivationQuant(4)])
def test_the_published_form_has_the_same_values_and_gradients(
    quantiser: ApotWeightQuant | ApotActivationQuant, search: Search
) -> None:
    torch.manual_seed(0)
    given = torch.rand(6, 5, 3, 3) * 4  # beyond the clip as well
    found = []
    for form in (quantiser, PublishedApotQuant(quantiser, search)):
        x = given.clone().requires_grad_()
        value = form(x)[0]
        value.square().sum().backward()
        assert x.grad is not None
        found.append((value.detach(), x.grad))
    (ours, our_gradient), (published, gradient) = found
    assert torch.allclose(published, ours)
    assert torch.allclose(gradient, our_gradient, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("search", [by_bucketize, by_distances])
def test_a_network_trains_with_the_published_layers(search: Search) -> None:
    images = torch.rand(8, 3, 32, 32)
    model = published_apot(search, DemoNet(channels=3, widths=(4, 6)), images).train()
    model(images).square().sum().backward()
    gradient = model.get_parameter("conv2.weight").grad
    assert gradient is not None
    assert gradient.abs().sum() > 0


def test_ratios_are_of_the_same_round() -> None:
    def of(*rates: float) -> Contestant:
        model = DemoNet()
        return Contestant(model, Eager(model), Compute(), torch.optim.SGD(model.parameters()), list(rates))

    found = row("float", "demo", 4, of(20.0, 30.0, 8.0), of(10.0, 10.0, 2.0))
    assert found == TrainRow("float", "demo", 4, False, 20.0, 3.0)
    assert table([found]).splitlines()[1].split() == ["float", "demo", "4", "no", "20.0", "3.00"]
