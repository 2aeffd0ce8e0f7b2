from __future__ import annotations

import json
from pathlib import Path

import pytest

from twofold.train import compare_sparsity, teacher
from twofold.train.compare_sparsity import RATIOS, SparsityRow

ROW = SparsityRow(0.5, 70.5, 84.25, 69.75, 83.5)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    calls: list[tuple[object, ...]] = []

    def stand_in(network, dataset, folder, ratios, epochs, seed, progress) -> tuple[SparsityRow, ...]:
        calls.append((dataset.name, dataset.split_seed, folder, tuple(ratios), epochs, seed))
        return (ROW,)

    monkeypatch.setattr(teacher, "taught_by", lambda *arguments: None)
    monkeypatch.setattr(compare_sparsity, "compare_sparsity", stand_in)
    return calls


def test_a_table(run, finished_run: str, calls: list[tuple[object, ...]]) -> None:
    result = run("sparsity", finished_run)
    assert result.exit_code == 0, result.output
    for text in ("50%", "70.50", "84.25", "69.75", "83.50"):
        assert text in result.stdout
    assert calls == [("digits", 5, Path("build/sparsity"), RATIOS, 0, 0)]


def test_options_and_json(run, finished_run: str, calls: list[tuple[object, ...]]) -> None:
    words = "--ratio 0.5 --ratio 0.9 --epochs 3 --seed 1 --out here --json"
    assert json.loads(run("sparsity", finished_run, *words.split()).stdout) == [ROW.as_json()]
    assert calls == [("digits", 5, Path("here"), (0.5, 0.9), 3, 1)]


def test_ratios_are_not_rounded_to_percent(run, finished_run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = SparsityRow(0.996, 70.5, 84.25, 69.75, 83.5)
    monkeypatch.setattr(teacher, "taught_by", lambda *arguments: None)
    monkeypatch.setattr(compare_sparsity, "compare_sparsity", lambda *arguments: (row,))
    assert "99.6%" in run("sparsity", finished_run).stdout
