"""A float network and what post-training quantisation makes of it, in each runtime."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from twofold import bench_post_training as bench
from twofold.bench_post_training import Row, main, measure
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
