"""How tasks are started and ended: on Ray where it is installed, and on a stand-in for it.

Ray is an extra that the tests do not install, as its wheel has 80 MB.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from twofold import api
from twofold.errors import UserError
from twofold.golden.compare import Status
from twofold.sweep.job import Job, run
from twofold.sweep.ray_crew import LOCAL, on_ray
from twofold.sweep.sweep_file import Sweep

TEXT = """
objectives = ["accuracy", "bops"]
trials = 2

[[space]]
base = "int8"

[space.quantisation]
bits = [4, 8]

[space.train]
float.epochs = 1
quantised.epochs = 1
folded.epochs = 1
"""


def test_a_sweep_on_a_cluster_of_its_own(written: Callable[[str], Path], tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra [ray] is not installed")
    swept, checks = api.sweep(str(written(TEXT)), tmp_path / "out", workers=2, crew=on_ray(LOCAL, 2))
    assert len(swept.outcome.rows) == 2 and not swept.outcome.failures
    assert [check.status for check in checks] == [Status.PASS]


def test_an_error_of_all_tasks_is_told(twelve: Sweep, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra [ray] is not installed")
    lost = Job(twelve, f"sqlite:///{tmp_path}/none/study.db", tmp_path)
    told = r"--ray: expected tasks that go on, all have ended, one with: .*storage"
    with pytest.raises(UserError, match=told), on_ray(LOCAL, 1)(lost) as alive:
        while alive():
            time.sleep(0.1)


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(
        UserError, match=r"--ray: expected the package ray, found none; pip install 'twofold\[ray\]'"
    ):
        on_ray("auto", 2)


class RayError(Exception):
    """As Ray's."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What a stand-in was called with: its tasks run until two looks at them were taken, then fail."""
    calls: list[Any] = []
    looks: list[int] = []

    def remote(**options: Any) -> Callable[..., Any]:
        calls.append(options)
        return lambda task: SimpleNamespace(remote=lambda job: calls.append((task, job)))

    def init(address: str, **options: Any) -> None:
        if address == "nowhere":
            raise ConnectionError("nobody answers\nat all")
        calls.append((address, options))

    def wait(tasks: list[Any], num_returns: int, timeout: float) -> tuple[list[Any], list[Any]]:
        looks.append(num_returns)
        return tasks[: len(looks)], tasks[len(looks) :]

    def get(tasks: list[Any]) -> None:
        raise RayError("Traceback\n  line\nMemoryError: no more")

    stand_in = SimpleNamespace(
        init=init,
        remote=remote,
        wait=wait,
        get=get,
        shutdown=lambda: calls.append("shutdown"),
        exceptions=SimpleNamespace(RayError=RayError),
    )
    monkeypatch.setitem(sys.modules, "ray", stand_in)
    return calls


def test_each_task_gets_the_job_and_a_core(calls: list[Any], twelve: Sweep) -> None:
    job = Job(twelve, "journal:log", Path("runs"), threads=4)
    told = r"all have ended, one with: MemoryError: no more$"
    with pytest.raises(UserError, match=told), on_ray("auto", 2)(job) as alive:
        assert alive() == 1
        alive()
    one = replace(job, threads=1)
    assert calls == [
        ("auto", {"log_to_driver": False}),
        {"num_cpus": 1, "max_retries": 0},
        (run, one),
        (run, one),
        "shutdown",
    ]


def test_a_cluster_that_does_not_answer_is_told(calls: list[Any], twelve: Sweep) -> None:
    crew = on_ray("nowhere", 2)(Job(twelve, "journal:log", Path("runs")))
    told = r"--ray nowhere: expected a cluster that answers, got: nobody answers$"
    with pytest.raises(UserError, match=told), crew:
        pass
