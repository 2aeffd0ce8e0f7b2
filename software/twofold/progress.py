"""How long work tells how far it is, without knowing who shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Advance(Protocol):
    """Reports `steps` more of a task's total as done; a note (a loss, a file) replaces the last one."""

    def __call__(self, steps: int = 1, note: str = "") -> None: ...


class Progress(Protocol):
    """Shows tasks, one inside another or one after another.

        with progress.task("train float", total=60) as advance:
            for epoch in range(60):
                advance(1, f"loss {train_epoch():.3f}")

    total: steps of the task; None if unknown beforehand.
    """

    def task(self, name: str, total: int | None = None) -> AbstractContextManager[Advance]: ...


def _ignore(steps: int = 1, note: str = "") -> None:
    """An `Advance` that nobody watches."""


class Silent:
    """Shows nothing; the default of everything that takes a `Progress`."""

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:
        yield _ignore


SILENT: Progress = Silent()
