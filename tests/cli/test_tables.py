from __future__ import annotations

import json
from pathlib import Path

import pytest

from twofold.models.resnet import ResNet
from twofold.tables import aligned, compression
from twofold.tables.aligned import Aligned
from twofold.tables.published import COMPRESSION
from twofold.tables.results import Result, append

ROW = Result("resnet8", "int8", "cifar10", "twofold train int8", 0, 40, 17.5, 8000, {"accuracy": 86.25})


@pytest.fixture(autouse=True)
def counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "compressions", lambda progress: COMPRESSION)


def test_compression_alone_as_json(run) -> None:
    document = json.loads(run("tables", "--compression", "--json").stdout)
    assert document[0] == {
        "network": "ResNet-20", "size_mb": 1.08, "size_ratio": 15.78, "bops_ratio": 115.85,
    }  # fmt: skip
    assert [row["network"] for row in document] == list(COMPRESSION)


def test_compression_alone_as_a_table(run) -> None:
    result = run("tables", "--compression")
    assert result.exit_code == 0
    assert "ResNet-110" in result.stdout
    assert "PPQ" not in result.stdout


def test_all_tables_show_what_was_trained(run, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    append(ROW, path)
    result = run("tables", "--results", str(path))
    assert result.exit_code == 0, result.output
    for text in ("PPQ 4/4", "ResNet-8", "86.25", "twofold train int8"):
        assert text in result.stdout
    document = json.loads(run("tables", "--results", str(path), "--json").stdout)
    assert document["results"][0]["figures"] == {"accuracy": 86.25}


def test_aligned_widths_alone(run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stand_in(network: ResNet, progress: object) -> tuple[Aligned, ...]:
        return (Aligned(8, 13.49, 84.48, {8: 497_658, 16: 161_130}),)

    monkeypatch.setattr(aligned, "alignments", stand_in)
    result = run("tables", "--aligned", "--network", "resnet8")
    assert result.exit_code == 0, result.output
    assert "ResNet-8, 4-bit APoT" in result.stdout
    assert "497,658" in result.stdout
    (row,) = json.loads(run("tables", "--aligned", "--json").stdout)
    assert (row["network"], row["align"], row["cycles"]) == ("resnet20", 8, {"8": 497_658, "16": 161_130})


def test_without_results_it_says_so(run, tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    path.write_text("[]")
    assert f"no trained results in {path}" in run("tables", "--results", str(path)).stdout


@pytest.mark.parametrize("table", [[], ["--compression"], ["--aligned"], ["--imagenet"]])
def test_a_results_file_that_is_not_there_is_told_before_anything_is_counted(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: list[str]
) -> None:
    for module, name in ((compression, "compressions"), (aligned, "alignments")):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("counted"))
    result = run("tables", *table, "--results", str(tmp_path / "none.json"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {tmp_path / 'none.json'}: expected a results file, found none")


def test_a_damaged_results_file_is_one_line(run, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text("{")
    result = run("tables", "--results", str(path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {path}: expected JSON")
