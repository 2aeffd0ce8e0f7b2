"""What every process of a sweep is given, and what is refused before a trial is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.errors import UserError
from twofold.models.catalogue import drawn
from twofold.sweep import job as jobs
from twofold.sweep.job import Job
from twofold.sweep.storage import sqlite_url
from twofold.sweep.sweep_file import read_sweep
from twofold.train import teacher
from twofold.train.recipe import Budget
from twofold.train.run import train
from twofold.train.settings import Fit

SEED = 0


@pytest.fixture(autouse=True)
def few_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (jobs, teacher):
        monkeypatch.setattr(module, "load", few)


@pytest.fixture
def job_of(written: Callable[[str], Path], text: str, tmp_path: Path) -> Callable[[str], Job]:
    """Of the sweep of twelve trials with these keys before its own."""

    def make(keys: str) -> Job:
        sweep = read_sweep(written(f"{keys}\n{text}"))
        return Job(sweep, sqlite_url(tmp_path / "study.db"), tmp_path / "runs", SEED)

    return make


def few(name: str, folder: Path | None, seed: int) -> Dataset:
    found = load(name, folder, seed)
    first: dict[str, Any] = {
        part: getattr(found, part).take(slice(96)) for part in ("train", "validation", "test")
    }
    return replace(found, **first)


def float_run(folder: Path, split_seed: int, network: str = "demo") -> Path:
    dataset, brief = few("digits", None, split_seed), Fit(1)
    model = drawn(network, dataset.classes, 1, SEED, size=8)
    train("float", dataset, folder, model=model, budget=Budget(brief, brief, brief, brief))
    return folder


def test_trials_keep_the_parts_of_the_run_that_they_start_from(
    job_of: Callable[[str], Job], tmp_path: Path
) -> None:
    start = float_run(tmp_path / "float", split_seed=3)
    _, training = job_of(f"start = '{start}'").open()
    assert training.dataset.split_seed == 3 != SEED
    assert training.seed == SEED
    _, alone = replace(job_of(""), storage=sqlite_url(tmp_path / "alone.db")).open()
    assert alone.dataset.split_seed == SEED


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("start = 'nowhere'", "nowhere/metrics.json: expected the figures of a finished training run"),
        ("teacher = 'nowhere'", "nowhere/checkpoint.pt: "),
        ("teacher_network = 'demo'", "teacher: expected the run of demo as well, a folder, got none"),
    ],
)
def test_what_every_trial_would_fail_of_is_refused_before_the_first(
    job_of: Callable[[str], Job], keys: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        job_of(keys).open()
    assert not (tmp_path / "study.db").exists()


def test_a_start_of_another_network_is_refused(job_of: Callable[[str], Job], tmp_path: Path) -> None:
    start = float_run(tmp_path / "float", SEED, "resnet8")
    with pytest.raises(UserError, match="expected the weights of demo, found those of another network"):
        job_of(f"start = '{start}'").open()
