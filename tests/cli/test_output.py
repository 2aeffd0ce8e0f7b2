from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest
from rich.console import Console

from twofold.cli.output import number_table, print_json, print_rich, results_only, word_table


def test_talk_of_tools_does_not_reach_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    with results_only():
        print("a library")
        os.write(1, b"compiled code\n")
        subprocess.run([sys.executable, "-c", "print('a child process')"], check=True)
    print_json({"status": "pass", "symbol": "✓"})
    out, err = capfd.readouterr()
    assert out == '{\n  "status": "pass",\n  "symbol": "✓"\n}\n'
    assert {"a library", "compiled code", "a child process"} <= set(err.splitlines())


def test_stdout_is_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="wrong"), results_only():
        raise ValueError("wrong")
    os.write(1, b"back\n")
    assert capfd.readouterr().out == "back\n"


def test_long_lines_are_not_cut_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_rich("word " * 30)
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize("words", ["wrote a[b]/m.onnx", "wrote a[/b]", ":dog: at conv[0]", "a/" * 150])
def test_words_are_printed_as_they_are(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_rich(words)
    assert capsys.readouterr().out == f"{words}\n"


def test_cells_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    table = word_table("layer")
    table.add_row("conv[bold]" + "x" * 300)
    print_rich(table)
    assert "conv[bold]" + "x" * 300 in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_whole_in_any_encoding(encoding: str) -> None:
    script = "from twofold.cli.output import print_json; print_json({'state': '✓ ü'})"
    found = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    assert json.loads(found.stdout.decode(encoding)) == {"state": "✓ ü"}


def test_a_narrow_terminal_shows_every_letter_of_a_name() -> None:
    screen = io.StringIO()
    table = number_table("name", "MACs")
    table.add_row("resnet8_apot_w4_uniform_a4", "12,501,632")
    Console(file=screen, width=20).print(table)
    assert "…" not in screen.getvalue()
