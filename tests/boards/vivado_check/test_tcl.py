"""Tcl lists, errors and arguments cross the border to Python and back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from twofold.boards.vivado_check import tcl
from twofold.boards.vivado_check.tcl import TclError, run_script, split_list


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b  c", ["a", "b", "c"]),
        ("{a b} {} {c {d e}}", ["a b", "", "c {d e}"]),
        ('make "x, y" on "0"', ["make", "x, y", "on", "0"]),
        ("", []),
    ],
)
def test_lists_are_split(text: str, words: list[str]) -> None:
    assert split_list(text) == words


def test_an_unmatched_brace_is_an_error() -> None:
    with pytest.raises(TclError, match="unmatched brace"):
        split_list("a {b")


@pytest.fixture(params=["embedded", "tclsh"])
def interpreter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "tclsh":
        if shutil.which("tclsh") is None:
            pytest.skip("tclsh is not installed")
        monkeypatch.setattr(tcl, "_embedded", lambda: None)
    elif tcl._embedded() is None:
        pytest.skip("Python's tkinter is not installed")
    return str(request.param)


def recorder(calls: list[list[str]]) -> Callable[[Sequence[str]], str]:
    def answer(words: Sequence[str]) -> str:
        calls.append(list(words))
        if words[0] == "fails":
            raise TclError("it failed: ü")
        return f"<{words[0]}>"

    return answer


def test_words_results_and_errors_pass(interpreter: str, tmp_path: Path) -> None:
    calls: list[list[str]] = []
    script = tmp_path / "script.tcl"
    script.write_text(
        'set x [first -a {b c} "" [lindex $argv 0]]\n'
        "if {[catch {ns::fails} message]} {set message caught}\n"
        "if {[catch {fails} message]} {second $x $message}\n",
        encoding="utf-8",
    )
    run_script(script, ["argument"], recorder(calls))
    assert calls == [
        ["first", "-a", "b c", "", "argument"],
        ["ns::fails"],
        ["fails"],
        ["second", "<first>", "it failed: ü"],
    ]


def test_a_failing_script_raises(interpreter: str, tmp_path: Path) -> None:
    script = tmp_path / "script.tcl"
    script.write_text("fails\n")
    with pytest.raises(TclError, match=r"^script.tcl: it failed: ü$"):
        run_script(script, [], recorder([]))
    script.write_text("set x {\n")
    with pytest.raises(TclError, match="missing close-brace"):
        run_script(script, [], recorder([]))
