"""Runs `twofold` in this process, with answers that the test gives instead of the work behind it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from twofold.cli.main import app


@pytest.fixture
def run() -> Callable[..., Result]:
    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, list(arguments), env={"COLUMNS": "160"})


@pytest.fixture
def finished_run(tmp_path: Path) -> str:
    """The folder of a run on digits, split with seed 5, as far as its figures."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "metrics.json").write_text(json.dumps({"dataset": "digits", "seed": 3, "split_seed": 5}))
    return str(folder)


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], list[tuple[Any, ...]]]:
    """`answer("verify", checks)` makes `api.verify` return or raise that; gives the list of its calls."""
    from twofold import api

    def install(name: str, result: Any) -> list[tuple[Any, ...]]:
        calls: list[tuple[Any, ...]] = []

        def stand_in(*arguments: Any, **_: Any) -> Any:
            calls.append(arguments)
            print("talk of a tool")
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(api, name, stand_in)
        return calls

    return install
