"""Small sweeps, and a way to evaluate their trials at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from twofold.progress import SILENT, Progress
from twofold.sweep.beat import Timing
from twofold.sweep.claim import Claim
from twofold.sweep.evaluate import Evaluate, Measured
from twofold.sweep.objective import Figures
from twofold.sweep.session import Session
from twofold.sweep.study import open_study
from twofold.sweep.sweep_file import Sweep, read_sweep

TWELVE = """
trials = 12
recipes = ["int8"]

[[space]]
base = "apot"

[space.quantisation]
weight_bits = [3, 4]

[space.pruning]
ratio = { low = 0.0, high = 0.5, step = 0.1 }
"""
QUICK = Timing(beat=0.05, grace=0.5, poll=0.01)


@pytest.fixture(autouse=True)
def quiet() -> None:
    optuna.logging.set_verbosity(logging.WARNING)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """A sweep file with this text."""

    def write(text: str) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def text() -> str:
    """Of a sweep of twelve trials, for a space of twelve points and a recipe by hand."""
    return TWELVE


@pytest.fixture
def evaluate() -> Evaluate:
    """The fewer bits and filters, the smaller and the worse."""
    return at_once


@pytest.fixture
def twelve(written: Callable[[str], Path]) -> Sweep:
    """That of `text`."""
    return read_sweep(written(TWELVE))


@pytest.fixture
def session(twelve: Sweep) -> Session:
    """Of that sweep, in memory."""
    return Session(open_study(twelve, optuna.storages.InMemoryStorage(), 0, "data"), twelve, 0, QUICK)


def at_once(claim: Claim, progress: Progress = SILENT) -> Measured:
    settings = claim.point.settings
    bits = settings.get("quantisation", {}).get("weight_bits", 8)
    ratio = settings.get("pruning", {}).get("ratio", 0.0)
    size = 32 / bits / (1 - ratio)
    return Measured(Path(claim.point.name), Figures(100 - size, 99 - size, size, size**2, 1000), None)
