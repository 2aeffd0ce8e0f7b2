from __future__ import annotations

import json
from pathlib import Path

import pytest

from twofold.prune.criteria.named import CriterionName
from twofold.train import search_filters, teacher
from twofold.train.search_filters import FilterSearch, SearchSettings, WidthRow

FOUND = FilterSearch(
    300,
    412.5,
    (
        WidthRow("uniform", {"conv1": 12, "conv2": 12}, 40.5, 80.25, 79.75, 1.96, 1.85),
        WidthRow("dual-ddpg", {"conv1": 9, "conv2": 14}, 51.5, 82.25, 81.75, 1.5, 1.86),
    ),
)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    calls: list[tuple[object, ...]] = []

    def stand_in(network, dataset, folder, settings, progress) -> FilterSearch:
        calls.append((dataset.name, dataset.split_seed, folder, settings))
        return FOUND

    monkeypatch.setattr(teacher, "taught_by", lambda *arguments: None)
    monkeypatch.setattr(search_filters, "search_filters", stand_in)
    return calls


def test_tables(run, finished_run: str, calls: list[tuple[object, ...]], tmp_path: Path) -> None:
    result = run("filters", finished_run, "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    for text in ("uniform", "dual-ddpg", "51.50", "82.25", "81.75", "conv2", "300 episodes, 412 s"):
        assert text in result.stdout
    assert calls == [("digits", 5, tmp_path, SearchSettings())]
    assert 'conv2" = 14' in (tmp_path / "filters.toml").read_text()


def test_options_and_json(run, finished_run: str, calls: list[tuple[object, ...]], tmp_path: Path) -> None:
    words = "--ratio 0.5 --align 8 --criterion taylor --episodes 9 --images 64 --epochs 0 --base int8 --json"
    document = json.loads(run("filters", finished_run, "--out", str(tmp_path), *words.split()).stdout)
    assert document["rows"][1]["widths"] == {"conv1": 9, "conv2": 14}
    assert calls[0][3] == SearchSettings(0.5, 8, CriterionName.TAYLOR, 9, 64, 0)


def test_a_wrong_base_is_told_before_the_search(run, calls: list[tuple[object, ...]]) -> None:
    result = run("filters", "run", "--base", "ppq")
    assert (result.exit_code, calls) == (2, [])
    assert "base: expected a recipe by name that does not prune" in result.stderr
