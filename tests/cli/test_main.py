from __future__ import annotations

import subprocess
import sys
import time
from importlib.metadata import version

import pytest

VERBS = (
    "doctor",
    "train",
    "export",
    "verify",
    "evaluate",
    "build",
    "synth",
    "tables",
    "demo",
    "criteria",
    "filters",
    "sparsity",
    "sweep",
)


def test_help_names_every_verb(run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert all(verb in result.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_shows_an_example(run, verb: str) -> None:
    result = run(verb, "--help")
    assert result.exit_code == 0
    assert f"Example: twofold {verb}" in result.stdout


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from twofold.cli.main import app; app(['--help'], standalone_mode=False);"
        "print(sorted({'torch', 'numpy', 'brevitas', 'onnx', 'amaranth', 'matplotlib'} & set(sys.modules)))"
    )
    start = time.monotonic()
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"
    assert time.monotonic() - start < 5


def test_the_version_is_the_package_s(run) -> None:
    assert run("--version").stdout == f"twofold {version('twofold')}\n"


def test_python_m_twofold_is_the_same_program() -> None:
    found = subprocess.run([sys.executable, "-m", "twofold", "--version"], capture_output=True, text=True)
    assert found.stdout == f"twofold {version('twofold')}\n"


def test_an_unknown_verb_is_refused(run) -> None:
    result = run("synthesise")
    assert result.exit_code == 2
    assert "No such command" in result.stderr
