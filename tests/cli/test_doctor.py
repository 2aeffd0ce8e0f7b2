from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import Result

from twofold.doctor import Diagnosis, Finding


def without_path(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "twofold.cli.main", "doctor", *arguments]
    return subprocess.run(
        command, env=os.environ | {"PATH": ""}, capture_output=True, text=True, check=False, cwd=Path.cwd()
    )


def test_a_machine_without_a_compiler_hears_what_that_disables() -> None:
    result = without_path()
    assert result.returncode == 1
    (line,) = (line for line in result.stdout.splitlines() if line.lstrip().startswith("g++"))
    assert "✗ missing" in line
    assert "RTL simulation and HLS C simulation" in line
    assert "Missing: g++, make, perl." in result.stdout
    assert result.stderr == ""


def test_the_same_as_json() -> None:
    result = without_path("--json")
    assert result.returncode == 1
    findings = json.loads(result.stdout)
    compiler = next(part for part in findings["parts"] if part["name"] == "g++")
    assert not findings["complete"]
    assert compiler["version"] is None
    assert "HLS C simulation" in compiler["disables"]


def test_the_extra_that_brings_a_package_is_named(run, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = Finding("ray", False, None, "sweeps on a Ray cluster", "pip install 'twofold[ray]'")
    monkeypatch.setattr("twofold.doctor.examine", lambda: Diagnosis((missing,)))
    result: Result = run("doctor")
    assert "pip install 'twofold[ray]'" in result.stdout


def test_this_machine_is_complete(run) -> None:
    result: Result = run("doctor")
    assert result.exit_code == 0, result.output
    assert "Everything that twofold demo needs is here." in result.stdout
