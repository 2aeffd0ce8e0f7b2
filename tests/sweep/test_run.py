"""A sweep from file to verified model: tiny, but everything is real."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from twofold import api
from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.errors import UserError
from twofold.golden.compare import Status
from twofold.sweep import job as jobs
from twofold.sweep.crew import Alive
from twofold.sweep.job import Job

BUDGET = """
[budget]
board = "pynq-z2"
frames_per_second = 1000
"""
TEXT = f"""
objectives = ["accuracy", "bops", "cycles"]
trials = 2
{BUDGET}
[[space]]
base = "int8"

[space.quantisation]
bits = [4, 8]

[space.train]
float.epochs = 2
quantised.epochs = 1
folded.epochs = 1
"""


@pytest.fixture(autouse=True)
def few_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    def few(*given: Any) -> Dataset:
        return Dataset("digits", *(part.take(slice(96)) for part in load(*given).parts))

    monkeypatch.setattr(jobs, "load", few)


def test_the_best_model_is_exported_and_equals_the_executor(
    written: Callable[[str], Path], tmp_path: Path
) -> None:
    path, out = written(TEXT), tmp_path / "out"
    swept, checks = api.sweep(str(path), out)
    assert [check.status for check in checks] == [Status.PASS]
    assert {row.parameters["quantisation.bits"] for row in swept.outcome.rows} == {4, 8}
    best = swept.outcome.best
    assert best.values == (best.figures.accuracy, best.figures.bops, best.figures.cycles)
    assert best.figures.frames_per_second is not None and best.figures.frames_per_second > 1000
    assert swept.model.read_bytes() == (best.folder / "model.onnx").read_bytes()
    metrics = json.loads((best.folder / "metrics.json").read_text())
    assert metrics["accuracy"]["quantised"] == best.figures.test_accuracy

    again, _ = api.sweep(str(path), out)
    assert again.outcome == swept.outcome


def test_a_network_that_no_engine_executes_is_beyond_the_budget(
    written: Callable[[str], Path], tmp_path: Path
) -> None:
    text = (
        TEXT.replace(BUDGET, "")
        .replace('"int8"', '"apot"')
        .replace("bits = [4, 8]", "activation_bits = [4, 5]")
    )
    path = written(text + "pruned.epochs = 1\n[space.pruning]\nstages = 1\n")
    swept, _ = api.sweep(str(path), tmp_path / "out")
    rows = {row.parameters["quantisation.activation_bits"]: row for row in swept.outcome.rows}
    assert rows[4].feasible and rows[4].reason is None and swept.outcome.best is rows[4]
    assert not rows[5].feasible and "expected at most 15 a channel" in str(rows[5].reason)
    assert rows[5].figures.cycles is None and rows[5].values[2] == rows[5].figures.macs
    assert not swept.outcome.failures


def test_a_sweep_whose_workers_have_all_ended_is_an_error(
    written: Callable[[str], Path], tmp_path: Path
) -> None:
    @contextmanager
    def nobody(job: Job) -> Iterator[Alive]:
        yield lambda: 0

    with pytest.raises(UserError, match="expected a worker that goes on, all have ended after 0 of 2 trials"):
        api.sweep(str(written(TEXT)), tmp_path / "out", crew=nobody)
