from __future__ import annotations

import json

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
