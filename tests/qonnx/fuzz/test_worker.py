"""Each outcome of a mutant can come about."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.golden.execute import execute
from twofold.qonnx.fuzz import worker
from twofold.qonnx.fuzz.mutations import MUTATIONS, mutated
from twofold.qonnx.fuzz.outcome import Outcome
from twofold.qonnx.fuzz.seeds import seeds
from twofold.qonnx.importer.load import import_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mutant.onnx"


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants that are sound."""
    monkeypatch.setattr(worker, "mutated", lambda content, random: content)


def test_seeds_are_exact(path: Path) -> None:
    for content in seeds().values():
        path.write_bytes(content)
        assert worker.compared(path, import_file(path), np.random.default_rng(0)) == (Outcome.CHECKED, "")


def test_mutants_are_repeatable_and_different() -> None:
    content = seeds()["qdq"]
    first, again, other = (mutated(content, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first == again != other
    assert len(set(MUTATIONS)) > 12


def test_sound_mutants_are_accepted_or_checked(sound: None, path: Path) -> None:
    assert worker.tried(0, 1, 5, path) == (Outcome.ACCEPTED, "")
    assert worker.tried(0, 5, 5, path) == (Outcome.CHECKED, "")


def test_a_wrong_integer_is_seen(sound: None, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def off_by_one(network, codes):
        return {
            name: values + (name == network.output_name) for name, values in execute(network, codes).items()
        }

    monkeypatch.setattr(worker, "execute", off_by_one)
    assert worker.tried(0, 0, 1, path)[0] is Outcome.WRONG


def test_an_output_that_the_executor_does_not_show_is_not_checked(
    sound: None, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "run_executor", lambda *_: {})
    outcome, text = worker.tried(0, 0, 1, path)
    assert outcome is Outcome.WRONG and text.endswith(": missing")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (UserError("no"), Outcome.REFUSED),
        (UserError("no\nnot at all"), Outcome.ERROR),
        (IndexError("3"), Outcome.ERROR),
        (MemoryError(), Outcome.MEMORY),
    ],
)
def test_errors(sound: None, path: Path, monkeypatch: pytest.MonkeyPatch, error, outcome: Outcome) -> None:
    def fail(path: Path) -> None:
        raise error

    monkeypatch.setattr(worker, "import_file", fail)
    assert worker.tried(0, 0, 1, path)[0] is outcome


def test_files_outside_the_folder_are_seen(sound: None, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = path.with_name("other")
    other.touch()

    def wander(path: Path):
        other.read_bytes()
        return import_file(path)

    monkeypatch.setattr(worker, "import_file", wander)
    assert worker.tried(0, 0, 1, path) == (Outcome.OUTSIDE, str(other))


def test_memory_is_limited() -> None:
    code = (
        "from twofold.qonnx.fuzz import worker; worker._limit_memory(); bytearray(worker.MEMORY + (64 << 20))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "MemoryError" in done.stderr


def test_lines_before_and_after(sound: None, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(worker, "_limit_memory", lambda: None)
    worker.main(["0", "1", "3", "5", str(tmp_path)])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [[1], [1, "accepted", ""], [2], [2, "accepted", ""]]
