from __future__ import annotations

import json
from pathlib import Path

import pytest

from twofold.cli.choices import PruningCriterion
from twofold.prune.criteria.named import CriterionName
from twofold.train import compare_criteria, teacher
from twofold.train.compare_criteria import CriteriaSettings, CriterionRow

ROW = CriterionRow("l1", 0.0125, 70.5, 84.25, 83.75, 1.96, 1.93)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    calls: list[tuple[object, ...]] = []

    def stand_in(network, dataset, folder, settings, names, progress) -> tuple[CriterionRow, ...]:
        calls.append((dataset.name, dataset.split_seed, folder, settings, names))
        return (ROW,)

    monkeypatch.setattr(teacher, "taught_by", lambda *arguments: None)
    monkeypatch.setattr(compare_criteria, "compare_criteria", stand_in)
    return calls


def test_a_table(run, finished_run: str, calls: list[tuple[object, ...]]) -> None:
    result = run("criteria", finished_run)
    assert result.exit_code == 0, result.output
    for text in ("l1", "0.013", "70.50", "84.25", "83.75", "1.96", "1.93"):
        assert text in result.stdout
    assert calls == [("digits", 5, Path("build/criteria"), CriteriaSettings(), list(CriterionName))]


def test_options_and_json(run, finished_run: str, calls: list[tuple[object, ...]]) -> None:
    words = "--ratio 0.5 --align 8 --epochs 0 --criterion taylor --criterion l2 --out here --json"
    assert json.loads(run("criteria", finished_run, *words.split()).stdout) == [ROW.as_json()]
    assert calls == [
        ("digits", 5, Path("here"), CriteriaSettings(0.5, 8, 0), [CriterionName.TAYLOR, CriterionName.L2])
    ]


def test_a_folder_without_a_run_is_one_line(run, tmp_path: Path) -> None:
    result = run("criteria", str(tmp_path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "expected the figures of a finished training run" in result.stderr


def test_the_words_are_the_criteria() -> None:
    assert list(PruningCriterion) == list(CriterionName)
