"""The bench of mutated files."""

from __future__ import annotations

from pathlib import Path

import pytest

from twofold.qonnx.bench_fuzz import main


def test_a_bench_of_nothing_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="expected one mutant at least, tried none"):
        main(["--mutants", "0", "--out", str(tmp_path / "fuzz.json")])


def test_one_in_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--every", "0", "--out", str(tmp_path / "fuzz.json")])
    assert "--every: expected at least 1, got 0" in capsys.readouterr().err
