from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from twofold.train import run as training
from twofold.train.result import Accuracy, Metrics


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What `train` is called with; it answers at once."""
    calls: list[tuple[Any, ...]] = []

    def stand_in(recipe: str, dataset: Any, folder: Path, seed: int, progress: object) -> SimpleNamespace:
        calls.append((recipe, dataset.name, folder, seed))
        metrics = Metrics(recipe, dataset.name, seed, Accuracy(98.61, None, 97.22), 15.84, 100, 112.4, {})
        return SimpleNamespace(
            onnx=folder / "model.onnx", metrics=metrics, accuracy=metrics.accuracy, size_ratio=15.84
        )

    monkeypatch.setattr(training, "train", stand_in)
    return calls


def test_the_accuracies_are_told(run, calls: list[tuple[Any, ...]]) -> None:
    result = run("train", "apot", "--seed", "3")
    assert result.exit_code == 0, result.output
    assert calls == [("apot", "digits", Path("build/train/apot"), 3)]
    assert "wrote build/train/apot/model.onnx" in result.stdout
    assert "accuracy: float 98.6%, quantised 97.2%; 15.8× smaller than float32" in result.stdout


def test_the_same_as_json(run, calls: list[tuple[Any, ...]]) -> None:
    document = json.loads(run("train", "int8", "--out", "mine", "--json").stdout)
    assert calls == [("int8", "digits", Path("mine"), 0)]
    assert document["folder"] == "mine"
    assert document["accuracy"] == {"float": 98.61, "quantised": 97.22}


def test_a_data_set_without_its_folder_is_one_line(run, calls: list[tuple[Any, ...]]) -> None:
    result = run("train", "apot", "--data", "mnist")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: mnist: expected a folder with its files")
    assert not calls


def test_an_unknown_recipe_is_refused(run) -> None:
    assert run("train", "fp4").exit_code == 2
