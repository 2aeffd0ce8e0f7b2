"""`twofold widths`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twofold.widths_by_budget import Choice


@pytest.fixture
def choice(monkeypatch: pytest.MonkeyPatch) -> Choice:
    found = Choice({"conv1": 8, "fc": 4}, {"conv1": {4: 0.5, 8: 0.0}, "fc": {4: 0.25, 8: 0.125}}, 5.0, 20.0)
    monkeypatch.setattr("twofold.train.teacher.taught_by", lambda *arguments: None)
    monkeypatch.setattr("twofold.widths_by_budget.choose_widths", lambda *arguments: found)
    return found


def test_widths_and_losses_are_shown_and_written(
    run, finished_run: str, choice: Choice, tmp_path: Path
) -> None:
    out = tmp_path / "mine.toml"
    result = run("widths", finished_run, "--times-smaller", "5", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "5.00 times smaller, 20.00 times fewer bit operations" in result.output
    assert [line.split() for line in result.output.splitlines() if "fc" in line.split()] == [
        ["fc", "4", "0.2500", "0.1250"]
    ]
    first, *_ = out.read_text().splitlines()
    assert first == f"# Widths of the layers of {finished_run} for weights 5 times smaller."
    assert out.read_text().endswith("[quantisation.layers]\nconv1 = 8\nfc = 4\n")


def test_json(run, finished_run: str, choice: Choice, tmp_path: Path) -> None:
    result = run("widths", finished_run, "--cycles", "9000", "--out", str(tmp_path / "m.toml"), "--json")
    document = json.loads(result.stdout)
    assert document["widths"] == choice.widths and document["loss"] == 0.25


@pytest.mark.parametrize("options, got", [((), "none"), (("--times-smaller", "4", "--cycles", "9"), "2")])
def test_one_budget_is_expected(run, options: tuple[str, ...], got: str) -> None:
    result = run("widths", "somewhere", *options)
    assert result.exit_code == 2
    assert f"got {got}" in result.stderr
