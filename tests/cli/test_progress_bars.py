from __future__ import annotations

import io

import pytest
from rich.console import Console

from twofold.cli.progress_bars import Bars, Lines, shown


def terminal() -> tuple[io.StringIO, Console]:
    screen = io.StringIO()
    return screen, Console(file=screen, force_terminal=True, width=100)


def test_lines_tell_start_end_and_the_last_note(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    with lines.task("train", total=2) as advance:
        advance(1, "loss 0.9")
        with lines.task("validate"):
            pass
        advance(1, "loss 0.1")
    first, second, third, last = capsys.readouterr().err.splitlines()
    assert (first, second) == ("train ...", "  validate ...")
    assert third.startswith("  validate: 0.")
    assert last.startswith("train: 0.")
    assert last.endswith("s, loss 0.1")


def test_lines_tell_how_far_a_long_task_is(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(seconds=0)
    with lines.task("train", total=3) as advance:
        advance(2, "loss 0.9")
        advance(1)
    with lines.task("images") as advance:
        advance(128)
    told = capsys.readouterr().err.splitlines()
    assert told[1:3] == ["train: 2 of 3, loss 0.9", "train: 3 of 3, loss 0.9"]
    assert told[5] == "images: 128"


def test_a_task_that_fails_is_not_told_as_done(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    with pytest.raises(ValueError, match="diverged"), lines.task("train"):
        raise ValueError("diverged")
    with lines.task("again"):
        pass
    assert capsys.readouterr().err.splitlines()[:2] == ["train ...", "again ..."]


def test_bars_end_full_and_leave_the_outermost_on_the_screen() -> None:
    screen, console = terminal()
    bars = Bars(console)
    with bars.task("train", total=2) as advance:
        with bars.task("validate") as inner:
            inner(3, "half")
        advance(2, "loss 0.1")
    last_line = screen.getvalue().splitlines()[-2]
    assert "train" in last_line
    assert "100%" in last_line
    assert "loss 0.1" in last_line


def test_bars_survive_a_failure_and_start_anew() -> None:
    screen, console = terminal()
    bars = Bars(console)
    with pytest.raises(ValueError, match="diverged"), bars.task("train", total=2):
        raise ValueError("diverged")
    with bars.task("again", total=1) as advance:
        advance()
    assert "train" not in screen.getvalue().splitlines()[-2]


def test_a_log_gets_lines() -> None:
    assert isinstance(shown(), Lines)


def test_names_and_notes_are_shown_as_they_are() -> None:
    screen, console = terminal()
    with Bars(console).task("read a[b]", total=1) as advance:
        advance(1, "conv[/0]")
    assert "read a[b]" in screen.getvalue()
    assert "conv[/0]" in screen.getvalue()
