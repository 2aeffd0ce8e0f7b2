"""The bench of HLS projects: rows, and that a wrong integer ends it with an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from twofold.bench import hls
from twofold.golden.execute import execute
from twofold.hls.csim import CsimError
from twofold.network.types import IntArray
from twofold.qonnx.importer.load import import_model

MODEL = Path(__file__).parents[1] / "assets" / "int8" / "model.onnx"


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, wrong: int | None) -> tuple[int, dict]:
    """Exit code and row of a bench whose C simulation is off by `wrong` in one integer of the output, or
    stops if that is None."""
    network = import_model(MODEL)

    def simulate(project: object, frames: IntArray) -> Mapping[str, IntArray]:
        if wrong is None:
            raise CsimError("C simulation: expected exit code 0, found 1: a stream was read while empty")
        found = {
            name: values.copy()
            for name, values in execute(network, frames).items()
            if name != network.input_name
        }
        found[network.output_name][1, 0] += wrong
        return found

    monkeypatch.setattr(hls, "WORK", folder / "work")
    monkeypatch.setattr(hls, "compiled", lambda project: None)
    monkeypatch.setattr(hls, "run_csim", simulate)
    arguments = ["--network", str(MODEL), "--frames", "3", "--out", str(folder / "hls.json")]
    with pytest.raises(SystemExit) as ended:
        hls.main(arguments)
    (row,) = json.loads((folder / "hls.json").read_text())
    return int(str(ended.value.code)), row


def test_a_row_counts_every_layer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code, row = run(monkeypatch, tmp_path, wrong=0)
    assert (code, row["label"], row["status"], row["mismatches"]) == (0, "model", "pass", 0)
    assert row["frames"] == 3
    assert row["elements"] > 3 * 10 * row["layers"]


def test_one_wrong_integer_ends_the_bench_with_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, row = run(monkeypatch, tmp_path, wrong=1)
    assert (code, row["status"], row["mismatches"]) == (1, "fail", 1)
    assert "1 of" in capsys.readouterr().out


def test_a_simulation_that_stops_is_a_row_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code, row = run(monkeypatch, tmp_path, wrong=None)
    assert (code, row["status"], row["frames"], row["elements"]) == (1, "fail", 0, 0)
    assert row["detail"].endswith("a stream was read while empty")


def test_a_combination_that_is_refused_is_a_row_with_its_reason_and_no_pass(tmp_path: Path) -> None:
    combination = ["--flow", "VivadoAccelerator", "--strategy", "distributed_arithmetic"]
    with pytest.raises(SystemExit, match="1"):
        hls.main(["--network", str(MODEL), *combination, "--out", str(tmp_path / "hls.json")])
    (row,) = json.loads((tmp_path / "hls.json").read_text())
    assert (row["status"], row["elements"]) == ("refused", 0)
    assert "choose one of these backends" in row["detail"]


def test_rows_of_other_networks_are_kept(tmp_path: Path) -> None:
    row = hls.HlsRow("a", "Vitis", "pass", 1, 1, 1, 0, "", 1, 1, 1)
    for label in ("a", "b", "a"):
        hls.keep(hls.HlsRow(**{**vars(row), "label": label}), tmp_path / "hls.json")
    assert [kept["label"] for kept in json.loads((tmp_path / "hls.json").read_text())] == ["b", "a"]


def test_a_missing_file_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        hls.main(["--network", "none.onnx"])
    assert "none.onnx" in capsys.readouterr().err
