"""A run's row in the results file says what the run did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.models.demo import DemoNet
from twofold.record import result_of
from twofold.tables.results import append, read
from twofold.train.recipe import Budget
from twofold.train.result import metrics_path
from twofold.train.run import train
from twofold.train.settings import Adam, Fit


@pytest.fixture(scope="module")
def few_digits() -> Dataset:
    digits = load("digits")
    train, validation, test = (
        part.take(slice(count)) for part, count in zip(digits.parts, (96, 32, 64), strict=True)
    )
    return Dataset("digits", train, validation, test)


@pytest.mark.parametrize("recipe, epochs", [("int8", 4), ("float", 2)])
def test_the_row_of_a_run(recipe: str, epochs: int, few_digits: Dataset, tmp_path: Path) -> None:
    torch.manual_seed(0)
    fit = Fit(1, Adam(5e-3), batch=48)
    budget = Budget(Fit(2, Adam(5e-3), batch=48), fit, fit, fit)
    trained = train(recipe, few_digits, tmp_path, 3, model=DemoNet(widths=(4, 6)), budget=budget)
    row = result_of(trained, "demo", few_digits, f"twofold train {recipe}")
    assert (row.recipe, row.dataset, row.seed, row.samples) == (recipe, "digits", 3, 64)
    assert row.epochs == epochs
    assert 0 <= row.minutes < 5
    accuracy = trained.accuracy.full if recipe == "float" else trained.accuracy.quantised
    assert row.figures["accuracy"] == pytest.approx(accuracy)
    assert row.figures["float"] == trained.accuracy.full
    assert row.commit == json.loads(metrics_path(tmp_path).read_text())["provenance"]["commit"]
    append(row, tmp_path / "results.json")
    assert read(tmp_path / "results.json") == (row,)


def test_the_row_s_commit_is_that_of_the_run(few_digits: Dataset, tmp_path: Path) -> None:
    """Not the one that is checked out when the row is written: another may be by then."""
    fit = Fit(1, Adam(5e-3), batch=48)
    budget = Budget(fit, fit, fit, fit)
    trained = train("float", few_digits, tmp_path, 3, model=DemoNet(widths=(4, 6)), budget=budget)
    path = metrics_path(tmp_path)
    written = json.loads(path.read_text())
    path.write_text(json.dumps(written | {"provenance": written["provenance"] | {"commit": "0ddba11"}}))
    assert result_of(trained, "demo", few_digits, "twofold train float").commit == "0ddba11"
    del written["provenance"]
    path.write_text(json.dumps(written))
    assert result_of(trained, "demo", few_digits, "twofold train float").commit == ""
