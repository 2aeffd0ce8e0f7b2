"""Every criterion on one network: what the rows say, and what a second call does not do again."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.prune.criteria.named import CriterionName
from twofold.train import compare_criteria as module
from twofold.train.checkpoint import Checkpoint
from twofold.train.compare_criteria import CriteriaSettings, CriterionRow, compare_criteria

TWO = (CriterionName.L1, CriterionName.TAYLOR)


@pytest.fixture(scope="module")
def rows(network: nn.Module, few_digits: Dataset, folder: Path) -> tuple[CriterionRow, ...]:
    return compare_criteria(network, few_digits, folder, CriteriaSettings(0.3), TWO)


def test_rows(rows: tuple[CriterionRow, ...], folder: Path) -> None:
    whole, norm, taylor = rows
    assert [row.criterion for row in rows] == ["unpruned", "l1", "taylor"]
    assert (whole.size_ratio, whole.bops_ratio, whole.before) == (1, 1, whole.after)
    assert norm.size_ratio == taylor.size_ratio > 1 and norm.bops_ratio == taylor.bops_ratio > 1
    assert norm.scoring_seconds > 0
    assert list(Checkpoint.read(folder / "checkpoint.pt").finished) == ["l1", "taylor"]


def test_what_is_finished_is_not_run_again(
    rows: tuple[CriterionRow, ...],
    network: nn.Module,
    few_digits: Dataset,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(module, "fine_tune")
    monkeypatch.delattr(module, "predict")
    assert compare_criteria(network, few_digits, folder, CriteriaSettings(0.3), TWO) == rows


def test_a_folder_of_other_settings_is_refused(
    rows: tuple[CriterionRow, ...], network: nn.Module, few_digits: Dataset, folder: Path
) -> None:
    with pytest.raises(
        UserError, match=r"criteria\.json: expected rows of the same network, data and options"
    ):
        compare_criteria(network, few_digits, folder, CriteriaSettings(0.5), TWO)


def test_without_epochs_nothing_is_trained(network: nn.Module, few_digits: Dataset, tmp_path: Path) -> None:
    settings = CriteriaSettings(0.3, align=16, epochs=0)
    _, row = compare_criteria(network, few_digits, tmp_path, settings, [CriterionName.L2])
    assert row.before == row.after
    assert row.size_ratio == 1, "6 and 10 filters rounded up to multiples of 16 are all"
    assert not (tmp_path / "checkpoint.pt").exists()


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(UserError, match="epochs: expected at least 0, got -1"):
        CriteriaSettings(epochs=-1)
    with pytest.raises(UserError, match="pruning ratio"):
        CriteriaSettings(ratio=1.0)
