"""Outcomes, checks and speeds of a folder of files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from twofold.bench.importer import main
from twofold.golden.execute import execute
from twofold.qonnx.fuzz.seeds import seeds
from twofold.verification import candidates


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in seeds().items():
        (tmp_path / f"{name}.onnx").write_bytes(content)
    (tmp_path / "cut.onnx").write_bytes(seeds()["qdq"][:300])
    return tmp_path


def bench(folder: Path) -> dict[str, dict]:
    main([str(folder), "--out", str(folder / "import.json")])
    return rows(folder)


def rows(folder: Path) -> dict[str, dict]:
    return {row["file"]: row for row in json.loads((folder / "import.json").read_text())}


def test_files_that_import_are_compared_and_timed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = bench(folder)
    assert {file: row["outcome"] for file, row in found.items()} == {
        "bipolar.onnx": "exact",
        "cut.onnx": "refused",
        "declared.onnx": "exact",
        "qdq.onnx": "exact",
        "residual.onnx": "exact",
    }
    assert "truncated" in found["cut.onnx"]["reason"]
    (check,) = found["qdq.onnx"]["checks"]
    assert (check["status"], check["candidate"], check["mismatches"]) == ("pass", "qonnx", 0)
    assert found["qdq.onnx"]["speed"]["runtime_file"]["images_a_second"] > 0
    speed = found["bipolar.onnx"]["speed"]
    assert speed["runtime_file"]["reason"] == "ONNX Runtime has no BipolarQuant"
    assert speed["runtime_integers"]["images_a_second"] > 0 and speed["runtime_integers"]["differing"] == 0
    assert len(capsys.readouterr().out.splitlines()) == len(found)


def test_a_wrong_integer_fails_the_bench(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def off_by_one(network, frames):
        return {name: values + np.int64(1) for name, values in execute(network, frames).items()}

    monkeypatch.setattr(candidates, "execute", off_by_one)
    with pytest.raises(SystemExit, match="1"):
        bench(folder)
    assert rows(folder)["qdq.onnx"]["checks"][0]["status"] == "fail"


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"expected \.onnx files, found none"):
        main([str(tmp_path), "--out", str(tmp_path / "import.json")])


def test_a_folder_of_refused_files_is_no_success(folder: Path, tmp_path: Path) -> None:
    only = tmp_path / "only"
    only.mkdir()
    (folder / "cut.onnx").rename(only / "cut.onnx")
    with pytest.raises(SystemExit, match="expected a file that can be imported, all 1 are refused"):
        bench(only)
