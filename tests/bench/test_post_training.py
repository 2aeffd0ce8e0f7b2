"""A float network and what post-training quantisation makes of it, in each runtime."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from twofold.bench import post_training as bench
from twofold.bench.post_training import Contender, Row, main, measure
from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.models.demo import DemoNet
from twofold.train.recipe import Budget
from twofold.train.run import train
from twofold.train.settings import Adam, Fit


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Row]:
    folder = tmp_path_factory.mktemp("post_training")
    digits = load("digits")
    dataset = Dataset("digits", digits.train.take(slice(96)), digits.validation, digits.test)
    torch.manual_seed(0)
    fit = Fit(2, Adam(5e-3), batch=48)
    trained = train(
        "float", dataset, folder / "float", model=DemoNet(widths=(4, 6)), budget=Budget(fit, fit, fit, fit)
    )
    network = trained.module.eval()
    found = measure(folder / "float", dataset, network, dataset.test.take(slice(64)), folder / "work")
    return {(row.method, row.runtime): row for row in found}


def test_a_row_for_each_method_and_runtime(rows: dict[tuple[str, str], Row]) -> None:
    assert list(rows) == [
        ("float32", "PyTorch"),
        ("float32", "ONNX Runtime"),
        ("ptq_static", "ONNX Runtime"),
        ("ptq_static", "golden"),
        ("ptq_dynamic", "PyTorch"),
        ("ONNX Runtime's dynamic", "ONNX Runtime"),
    ]
    assert all(row.images == 64 and row.cpu_seconds > 0 for row in rows.values())


def test_runtimes_agree(rows: dict[tuple[str, str], Row]) -> None:
    """Each has the same network, and so the same answers."""
    assert rows["float32", "PyTorch"].accuracy == rows["float32", "ONNX Runtime"].accuracy
    assert rows["ptq_static", "golden"].accuracy == rows["ptq_static", "ONNX Runtime"].accuracy


def test_the_static_networks_integers_are_equal(rows: dict[tuple[str, str], Row]) -> None:
    row = rows["ptq_static", "golden"]
    assert (row.equals, row.compared, row.differing) == ("ONNX Runtime", 64 * 10, 0)
    assert "0 of 640 logits differ from ONNX Runtime" in bench.line(row)
    assert all(not other.compared for other in rows.values() if other is not row)


def test_one_wrong_logit_ends_the_bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    digits = load("digits")

    def classify(images: torch.Tensor, wrong: int) -> torch.Tensor:
        logits = torch.zeros(len(images), 10, dtype=torch.int64)
        logits[-1, 3] += wrong
        return logits

    def two(*_: object) -> Iterator[Contender]:
        yield Contender("static", "one", "one", 1.0, lambda images: classify(images, 0))
        yield Contender("static", "other", "one", 1.0, lambda images: classify(images, 1), "one")

    monkeypatch.setattr(bench, "contenders", two)
    monkeypatch.setattr(bench, "float_network", lambda *_: (digits, DemoNet()))
    with pytest.raises(SystemExit, match=r"expected equal integers: run, static in other: .* 1 of 70 logits"):
        main(["run", "--images", "7", "--out", str(tmp_path / "rows.json")])
    assert json.loads((tmp_path / "rows.json").read_text())[1]["differing"] == 1
    assert "1 of 70 logits differ from one" in capsys.readouterr().out


def test_ratios_are_to_the_float_network_of_the_same_runtime(rows: dict[tuple[str, str], Row]) -> None:
    base, static = rows["float32", "ONNX Runtime"], rows["ptq_static", "ONNX Runtime"]
    assert static.cpu_ratio == static.cpu_seconds / base.cpu_seconds
    assert static.size_ratio == base.megabytes / static.megabytes
    assert rows["ptq_dynamic", "PyTorch"].size_ratio == pytest.approx(4, abs=0.2)


def test_a_folder_without_a_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path), "--out", str(tmp_path / "rows.json")])
    assert "metrics.json" in capsys.readouterr().err
    assert not (tmp_path / "rows.json").exists()
    assert bench.OUT.name == "post_training.json"


def test_no_images_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path), "--images", "0"])
    assert "--images: expected at least 1, got 0" in capsys.readouterr().err
