"""Runs `twofold` in this process; a line on stderr and an exit code are what a user sees of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from twofold.cli.main import app

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, list(arguments), env={"COLUMNS": "160"})
