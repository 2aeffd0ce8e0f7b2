from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twofold import api
from twofold.data.dataset import Dataset
from twofold.evaluation import Evaluation

Calls = list[tuple[Any, ...]]


@pytest.fixture(autouse=True)
def calls(answer: Callable[[str, Any], Calls], monkeypatch: pytest.MonkeyPatch) -> Calls:
    classes = 10
    confusion = np.diag([1200] * classes) + np.eye(classes, k=1, dtype=np.int64) * 30
    monkeypatch.setattr(api, "split_seed", lambda model, name: 7)
    return answer("evaluate", Evaluation(confusion, 8.0))


def test_accuracy_in_a_line(run, calls: Calls) -> None:
    result = run("evaluate", "model.onnx", "--dataset", "digits", "--approximate")
    assert result.exit_code == 0, result.output
    (model, dataset, _, approximate) = calls[0]
    assert (model, approximate) == (Path("model.onnx"), True)
    assert isinstance(dataset, Dataset) and dataset.name == "digits"
    assert result.stdout == "12,000 of 12,270 images right: 97.80%; 1534 images/s\n"


def test_figures_as_json(run) -> None:
    document = json.loads(run("evaluate", "model.onnx", "--json").stdout)
    assert (document["samples"], document["correct"], document["dataset"]) == (12270, 12000, "digits")
    assert len(document["confusion"]) == 10


@pytest.mark.parametrize(
    "words",
    [
        "--dataset arrays --data jets.npz",
        "--dataset arrays --data-folder jets.npz",
        "--data arrays --data-folder jets.npz",
    ],
)
def test_a_data_set_and_its_place_in_either_spelling(
    run, calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    parts = {f"x_{part}": np.arange(12.0).reshape(6, 2) for part in ("train", "test")}
    np.savez("jets.npz", **parts, y_train=np.arange(6) % 2, y_test=np.arange(6) % 2)
    result = run("evaluate", "model.onnx", *words.split())
    assert result.exit_code == 0, result.output
    assert calls[0][1].name == "jets"


def test_a_place_named_like_a_data_set_is_one_beside_dataset(run) -> None:
    refused = run("evaluate", "model.onnx", "--dataset", "mnist", "--data", "cifar10").stderr
    assert refused.startswith("error: mnist: expected a folder with its files, got cifar10")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--dataset arrays --data a --data-folder b", "error: data: expected --dataset NAME --data PATH, or"),
        ("--data a.npz --data-folder b.npz", "error: data: expected --dataset NAME --data PATH, or"),
        (
            "--data-folder own.npz",
            "error: digits: expected no folder, since they come with scikit-learn, got own",
        ),
        ("--dataset digits --data own.npz", "error: digits: expected no folder"),
    ],
)
def test_what_would_not_be_read_is_refused(run, calls: Calls, words: str, message: str) -> None:
    result = run("evaluate", "model.onnx", *words.split())
    assert (result.exit_code, result.stdout, calls) == (2, "", [])
    assert result.stderr.startswith(message)


def test_a_data_set_without_its_folder_is_one_line(run) -> None:
    result = run("evaluate", "model.onnx", "--dataset", "cifar10")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: cifar10: expected a folder with its files")


def test_the_split_is_the_models_unless_it_is_given(run, calls: Calls) -> None:
    for words in ([], ["--seed", "3"], ["--seed", "0"]):
        assert run("evaluate", "model.onnx", *words).exit_code == 0
    assert [call[1].split_seed for call in calls] == [7, 3, 0]
