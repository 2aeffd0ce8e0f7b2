"""A network and data of one's own by the shell alone: trained, exported, evaluated."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

NETWORK = """
from torch import nn

class Tagger(nn.Sequential):
    def __init__(self):
        layers = nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)
        super().__init__(nn.Flatten(), *layers)
"""
RECIPE = """
base = "int8"

[train.float]
epochs = 20
optimiser = "adam"
learning_rate = 1e-2
schedule = "cosine"

[train.quantised]
epochs = 5
optimiser = "adam"
learning_rate = 1e-3
schedule = "cosine"

[train.folded]
epochs = 5
optimiser = "adam"
learning_rate = 1e-3
schedule = "cosine"
"""
TAUGHT = """
[distillation]
weight = 0.5
temperature = 4
"""

WORDS = ("--network", "mine.py:Tagger", "--data", "arrays", "--data-folder", "jets.npz")


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three groups of measured quantities, far apart: what is trained in a second must tell them apart."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    middles = np.array([[0, 0, 0, 5, 5, 5], [5, 5, 5, 0, 0, 0], [-5, 0, 5, -5, 0, 5]])
    parts = {}
    for part, count in (("train", 600), ("test", 60)):
        labels = np.arange(count) % 3
        parts |= {f"x_{part}": middles[labels] + random.normal(size=(count, 6)), f"y_{part}": labels}
    np.savez("jets.npz", **parts)
    Path("mine.py").write_text(NETWORK)
    Path("brief.toml").write_text(RECIPE)
    Path("taught.toml").write_text(RECIPE + TAUGHT)


def test_its_run_teaches_starts_another_and_is_pruned(run: Callable[..., Result]) -> None:
    assert run("train", "brief.toml", *WORDS).exit_code == 0
    teacher = ("--teacher", "build/train/Tagger_brief")
    refused = run("train", "taught.toml", *WORDS, *teacher)
    assert refused.exit_code == 2 and "FILE.py:NAME with --network, of a teacher with --t" in refused.stderr
    taught = run("train", "taught.toml", *WORDS, *teacher, "--teacher-network", "mine.py:Tagger", "--json")
    assert taught.exit_code == 0, taught.output
    assert json.loads(taught.stdout)["accuracy"]["quantised"] > 90
    started = run("train", "taught.toml", *WORDS, "--start", teacher[1], "--out", "started")
    assert started.exit_code == 0, started.output
    zeros = run("sparsity", teacher[1], *WORDS, "--ratio", "0.5", "--json")
    assert zeros.exit_code == 0, zeros.output
    assert [row["ratio"] for row in json.loads(zeros.stdout)] == [0.5]


def test_a_teacher_network_alone_is_refused(run: Callable[..., Result]) -> None:
    refused = run("train", "taught.toml", *WORDS, "--teacher-network", "mine.py:Tagger")
    assert refused.exit_code == 2 and "expected the run of mine.py:Tagger as well" in refused.stderr


def test_from_two_files_to_an_evaluated_model(run: Callable[..., Result]) -> None:
    trained = run("train", "brief.toml", *WORDS, "--json")
    assert trained.exit_code == 0, trained.output
    figures = json.loads(trained.stdout)
    assert figures["folder"] == "build/train/Tagger_brief"
    assert figures["accuracy"]["quantised"] > 90
    found = run("evaluate", figures["model"], "--dataset", "arrays", "--data", "jets.npz", "--json")
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert document["samples"] == 60
    assert document["accuracy"] == pytest.approx(figures["accuracy"]["quantised"])
