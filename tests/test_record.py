"""A run's row in the results file says what the run did."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.models.demo import DemoNet
from twofold.record import result_of
from twofold.tables.results import append, read
from twofold.train.recipe import Budget
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
    append(row, tmp_path / "results.json")
    assert read(tmp_path / "results.json") == (row,)
