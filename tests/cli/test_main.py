from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pkgutil import iter_modules

import pytest
import typer

from twofold import cli
from twofold.cli.main import app

VERBS = tuple(typer.main.get_command(app).commands)


def test_every_module_with_an_example_is_a_verb() -> None:
    modules = {found.name: import_module(f"twofold.cli.{found.name}") for found in iter_modules(cli.__path__)}
    assert {name for name, module in modules.items() if hasattr(module, "EXAMPLE")} == set(VERBS)


def test_help_names_every_verb_under_its_heading(run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert all(f"│ {verb} " in result.stdout for verb in VERBS)
    headings = ("Commands", "Train and compress", "Look and check", "Build hardware")
    places = [result.stdout.index(f"─ {heading} ─") for heading in headings]
    assert places == sorted(places)


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
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_the_version_is_the_package_s(run) -> None:
    assert run("--version").stdout == f"twofold {version('twofold')}\n"


def test_python_m_twofold_is_the_same_program() -> None:
    found = subprocess.run([sys.executable, "-m", "twofold", "--version"], capture_output=True, text=True)
    assert found.stdout == f"twofold {version('twofold')}\n"


def test_an_unknown_verb_is_refused(run) -> None:
    result = run("synthesise")
    assert result.exit_code == 2
    assert "No such command" in result.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_the_signs_shows_question_marks(encoding: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "twofold", "doctor"],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert b"? found" in found.stdout
    assert found.stderr == b""


def test_processes_that_are_started_do_not_warn_either() -> None:
    script = (
        "import subprocess, sys; from twofold.cli import main; main.app = lambda: subprocess.run("
        "[sys.executable, '-c', 'import warnings; warnings.warn(\"noise\")'], check=True); main.main()"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    found = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
    assert found.stderr == b""


@pytest.mark.parametrize("verb", ["train apot", "demo", "sweep digits", "evaluate resnet8", "criteria run"])
def test_seeds_are_what_every_generator_takes(run, verb: str) -> None:
    result = run(*verb.split(), "--seed", str(2**32))
    assert result.exit_code == 2
    assert "less than or equal to 4294967295" in result.output
