"""Progress on stderr: bars in a terminal, lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich import progress as rich_progress
from rich.console import Console

from twofold.progress import Advance, Progress


def shown() -> Progress:
    """What suits the stderr of this process."""
    return Bars(Console(stderr=True)) if sys.stderr.isatty() else Lines()


class Bars:
    """A bar for the outermost task and, while they run, for those inside it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: rich_progress.Progress | None = None

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:
        if self._live is not None:
            with _row(self._live, name, total) as (row, advance):
                yield advance
            self._live.remove_task(row)
            return
        with _columns(self._console) as self._live:
            try:
                with _row(self._live, name, total) as (_, advance):
                    yield advance
            finally:
                self._live = None


@contextmanager
def _row(
    live: rich_progress.Progress, name: str, total: int | None
) -> Iterator[tuple[rich_progress.TaskID, Advance]]:
    row = live.add_task(name, total=total, note="")

    def advance(steps: int = 1, note: str = "") -> None:
        live.update(row, advance=steps, note=note)

    yield row, advance
    live.update(row, total=total or 1, completed=total or 1)


def _columns(console: Console) -> rich_progress.Progress:
    return rich_progress.Progress(
        rich_progress.TextColumn("{task.description}", markup=False),
        rich_progress.BarColumn(bar_width=28),
        rich_progress.TaskProgressColumn(),
        rich_progress.TimeElapsedColumn(),
        rich_progress.TextColumn("{task.fields[note]}", style="dim", markup=False),
        console=console,
    )


class Lines:
    """A line when a task starts, one when it ends, and in between at most one every `seconds`.

    They are indented by how deep the task is inside others.
    """

    def __init__(self, seconds: float = 60) -> None:
        self._seconds = seconds
        self._depth = 0

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:
        indent, start, last_note = "  " * self._depth, time.monotonic(), ""
        done, said = 0, start

        def advance(steps: int = 1, note: str = "") -> None:
            nonlocal done, said, last_note
            done, last_note, now = done + steps, note or last_note, time.monotonic()
            if now - said >= self._seconds:
                said = now
                _say(f"{indent}{name}: {_of(done, total)}" + _after_comma(last_note))

        _say(f"{indent}{name} ...")
        self._depth += 1
        try:
            yield advance
        finally:
            self._depth -= 1
        _say(f"{indent}{name}: {time.monotonic() - start:.1f} s" + _after_comma(last_note))


def _of(done: int, total: int | None) -> str:
    return str(done) if total is None else f"{done} of {total}"


def _after_comma(note: str) -> str:
    return f", {note}" if note else ""


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
