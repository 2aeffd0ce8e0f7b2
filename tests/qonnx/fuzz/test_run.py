"""A short run finds nothing; workers that die or hang are counted and started again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from twofold.qonnx.bench_fuzz import main
from twofold.qonnx.fuzz import run
from twofold.qonnx.fuzz.outcome import Outcome


def test_a_short_run_finds_no_fault() -> None:
    tally = run.fuzz(seed=2, mutants=300, every=3)
    assert tally.faults == []
    assert sum(tally.counts.values()) == 300
    assert min(tally.counts[outcome] for outcome in (Outcome.REFUSED, Outcome.ACCEPTED, Outcome.CHECKED)) > 0


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Runs a script of the test in the worker's place."""

    def install(body: str) -> None:
        script = tmp_path / "worker.py"
        script.write_text(
            "import json, sys, time\n"
            "first, last = int(sys.argv[4]), int(sys.argv[5])\n"
            "for n in range(first, last):\n"
            "    print(json.dumps([n]), flush=True)\n"
            f"    {body}\n"
            "    print(json.dumps([n, 'refused', '']), flush=True)\n"
        )
        (tmp_path / "python").write_text(f'#!/bin/sh\nexec {sys.executable} {script} "$@"\n')
        (tmp_path / "python").chmod(0o755)
        monkeypatch.setattr(run.sys, "executable", str(tmp_path / "python"))

    return install


def test_a_worker_that_dies_is_counted_and_replaced(stand_in) -> None:
    stand_in("n == 2 and sys.exit(9)")
    tally = run.fuzz(seed=0, mutants=5)
    assert tally.counts == {Outcome.REFUSED: 4, Outcome.CRASH: 1}
    assert tally.faults == [(2, "crash", "the process ended with 9")]


def test_a_worker_that_hangs_is_stopped_and_replaced(stand_in, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PATIENCE", 1.0)
    stand_in("n == 1 and time.sleep(60)")
    tally = run.fuzz(seed=0, mutants=3)
    assert tally.counts == {Outcome.REFUSED: 2, Outcome.HANG: 1}


def test_a_fault_fails_the_bench(stand_in, tmp_path: Path, capsys) -> None:
    stand_in("n == 1 and sys.exit(1)")
    with pytest.raises(SystemExit, match="1"):
        main(["--mutants", "3", "--out", str(tmp_path / "fuzz.json")])
    assert '"crash": 1' in (tmp_path / "fuzz.json").read_text()
