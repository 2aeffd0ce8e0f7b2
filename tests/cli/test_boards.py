from __future__ import annotations

import json

import pytest

from twofold.boards.board_file import board_names, load_board
from twofold.boards.listing import as_json


def test_a_table_of_boards(run) -> None:
    result = run("boards")
    assert result.exit_code == 0, result.output
    for name in board_names():
        assert any(line.split()[:1] == [name] for line in result.stdout.splitlines())


def test_all_that_the_files_say_as_json(run) -> None:
    document = json.loads(run("boards", "--json").stdout)
    assert document == [as_json(load_board(name)) for name in board_names()]


def test_engines_for_a_network_of_ones_own(run, answer) -> None:
    calls = answer("predict", {"pynq-z2": None})
    result = run("boards", "--for", "mine.py:Net", "--shape", "1,28,28", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, [{"board": "pynq-z2"}])
    assert (calls[0][0], calls[0][2]) == ("mine.py:Net", (1, 28, 28))
    run("boards", "--for", "resnet8")
    assert calls[1][2] is None


@pytest.mark.parametrize("shape", ["1,28", "1x28x28", "0,28,28", "1,28,28,1", "1,-2,3", ""])
def test_a_shape_of_something_else_is_one_line(run, shape: str) -> None:
    result = run("boards", "--for", "mine.py:Net", "--shape", shape)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"error: shape: expected C,H,W, such as 3,32,32, got {shape!r}\n"


def test_a_shape_without_a_network_is_refused(run) -> None:
    assert "expected --for beside it" in run("boards", "--shape", "1,28,28").stderr
