"""Runs that start from another's float weights: what makes them another run, and what does not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.train.checkpoint import Checkpoint
from twofold.train.recipe import Budget
from twofold.train.result import TrainResult, checkpoint_path, metrics_path
from twofold.train.run import train
from twofold.train.settings import Adam, Fit

BRIEF = Fit(1, Adam(1e-3), batch=48)
BUDGET = Budget(BRIEF, BRIEF, BRIEF, BRIEF)


@pytest.fixture
def floats(few_digits: Dataset, tmp_path: Path, tiny_network: DemoNet) -> Path:
    return train("float", few_digits, tmp_path / "float", model=tiny_network, budget=BUDGET).folder


def quantised(dataset: Dataset, start: Path, folder: Path, recipe: str = "int8") -> TrainResult:
    torch.manual_seed(0)
    return train(recipe, dataset, folder, model=DemoNet(widths=(4, 6)), budget=BUDGET, start=start)


def key_in(folder: Path) -> str:
    return str(json.loads(metrics_path(folder).read_text())["key"])


def test_the_weights_count_and_not_the_folders_name(
    few_digits: Dataset, floats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "int8"
    quantised(few_digits, floats, folder)
    key, written = key_in(folder), checkpoint_path(folder).stat().st_mtime_ns
    monkeypatch.chdir(tmp_path)
    shutil.copytree(floats, tmp_path / "moved")
    for spelling in (Path("float"), tmp_path / "int8" / ".." / "float", tmp_path / "moved"):
        quantised(few_digits, spelling, folder)
        assert key_in(folder) == key and checkpoint_path(folder).stat().st_mtime_ns == written


def test_other_weights_in_the_same_folder_are_another_run(
    few_digits: Dataset, floats: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "int8"
    quantised(few_digits, floats, folder)
    before = key_in(folder)
    shutil.rmtree(floats)
    torch.manual_seed(1)
    train("float", few_digits, floats, model=DemoNet(widths=(4, 6)), budget=BUDGET)
    quantised(few_digits, floats, folder)
    assert key_in(folder) != before
    taken, given = (Checkpoint.read(checkpoint_path(at)).stage("float") for at in (folder, floats))
    assert all(torch.equal(taken[name], given[name]) for name in given)


def test_a_run_goes_on_when_what_it_started_from_is_gone(
    few_digits: Dataset, floats: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "int8"
    quantised(few_digits, floats, folder)
    shutil.rmtree(floats)
    content = metrics_path(folder).read_bytes()
    quantised(few_digits, floats, folder)
    assert metrics_path(folder).read_bytes() == content


def test_another_run_is_not_begun_from_what_is_gone(
    few_digits: Dataset, floats: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "int8"
    quantised(few_digits, floats, folder)
    shutil.rmtree(floats)
    before = checkpoint_path(folder).read_bytes()
    with pytest.raises(UserError, match="expected the checkpoint of an earlier training run, found none"):
        quantised(few_digits, floats, folder, "apot_w4_a4")
    assert checkpoint_path(folder).read_bytes() == before, "left where it was"
