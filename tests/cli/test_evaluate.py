from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twofold.data.dataset import Dataset
from twofold.evaluation import Evaluation

Calls = list[tuple[Any, ...]]


@pytest.fixture(autouse=True)
def calls(answer: Callable[[str, Any], Calls]) -> Calls:
    classes = 10
    confusion = np.diag([1200] * classes) + np.eye(classes, k=1, dtype=np.int64) * 30
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


def test_a_data_set_without_its_folder_is_one_line(run) -> None:
    result = run("evaluate", "model.onnx", "--dataset", "cifar10")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: cifar10: expected a folder with its files")
