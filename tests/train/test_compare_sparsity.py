"""Weights set to 0 at several ratios: rows, plot, resuming."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.train import compare_sparsity as module
from twofold.train.checkpoint import Checkpoint
from twofold.train.compare_sparsity import SparsityRow, compare_sparsity


@pytest.fixture(scope="module")
def rows(network: nn.Module, few_digits: Dataset, folder: Path) -> tuple[SparsityRow, ...]:
    return compare_sparsity(network, few_digits, folder, (0.0, 0.5), epochs=1)


def test_zeros_are_kept_in_fine_tuning(rows: tuple[SparsityRow, ...], folder: Path) -> None:
    assert [row.ratio for row in rows] == [0, 0.5]
    weights = Checkpoint.read(folder / "checkpoint.pt").finished
    shares = {name: float((each["conv2.weight"] == 0).float().mean()) for name, each in weights.items()}
    assert shares == {"0.0": 0, "0.5": 0.5}


def test_ratios_that_are_nearly_equal_have_rows_of_their_own(
    network: nn.Module, few_digits: Dataset, tmp_path: Path
) -> None:
    ratios = (0.12345671, 0.12345672)
    assert tuple(row.ratio for row in compare_sparsity(network, few_digits, tmp_path, ratios)) == ratios


def test_there_is_a_plot(rows: tuple[SparsityRow, ...], folder: Path) -> None:
    assert b"fine-tuned" in (folder / "sparsity.svg").read_bytes()


def test_what_is_finished_is_not_run_again(
    rows: tuple[SparsityRow, ...],
    network: nn.Module,
    few_digits: Dataset,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(module, "fine_tune")
    monkeypatch.delattr(module, "predict")
    assert compare_sparsity(network, few_digits, folder, (0.0, 0.5), epochs=1) == rows


def test_ratios_and_epochs_out_of_range_are_refused(
    network: nn.Module, few_digits: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="pruning ratio: expected 0 ≤ ratio < 1, got 1"):
        compare_sparsity(network, few_digits, tmp_path, (1.0,))
    with pytest.raises(UserError, match="epochs: expected at least 0, got -1"):
        compare_sparsity(network, few_digits, tmp_path, epochs=-1)
