from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from twofold import evaluation
from twofold.evaluation import Evaluation
from twofold.qonnx.importer import load as importing


@pytest.fixture(autouse=True)
def answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def stand_in(*arguments: object) -> Evaluation:
        classes = 10
        return Evaluation(np.diag([1200] * classes) + np.eye(classes, k=1, dtype=np.int64) * 30, 8.0)

    imported = SimpleNamespace(network=None, reader=None)
    monkeypatch.setattr(importing, "import_file", lambda path, approximate: imported)
    monkeypatch.setattr(evaluation, "evaluate", stand_in)


def test_accuracy_in_a_line(run) -> None:
    result = run("evaluate", "model.onnx", "--dataset", "digits")
    assert result.exit_code == 0, result.output
    assert result.stdout == "12,000 of 12,270 images right: 97.80%; 1534 images/s\n"


def test_figures_as_json(run) -> None:
    document = json.loads(run("evaluate", "model.onnx", "--json").stdout)
    assert (document["samples"], document["correct"], document["dataset"]) == (12270, 12000, "digits")
    assert len(document["confusion"]) == 10


def test_a_data_set_without_its_folder_is_one_line(run) -> None:
    result = run("evaluate", "model.onnx", "--dataset", "cifar10")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: cifar10: expected a folder with its files")
