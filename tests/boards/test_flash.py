"""What is flashed is what was built."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from twofold.boards.board import Board
from twofold.boards.board_file import load_board
from twofold.boards.flash import checked_files
from twofold.errors import UserError

Finish = Callable[[Path], Path]


def test_all_files_are_named_the_manifest_last(project: Path, board: Board, finish: Finish) -> None:
    finish(project)
    files = checked_files(project, board)
    assert files.names[-4:] == ("twofold.bit", "twofold.hwh", "twofold.design", "manifest.json")
    assert all((files.folder / name).is_file() for name in files.names)


def test_a_project_that_was_not_built_is_refused(project: Path, board: Board, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected a file .*twofold.bit, found none"):
        checked_files(project, board)
    with pytest.raises(UserError, match="expected a project that twofold build wrote"):
        checked_files(tmp_path, board)


def test_changed_weights_are_refused(project: Path, board: Board, finish: Finish) -> None:
    (finish(project) / "image.bin").write_bytes(b"other")
    with pytest.raises(UserError, match=r"image.bin: expected sha256"):
        checked_files(project, board)


def test_another_board_is_refused(project: Path, finish: Finish) -> None:
    finish(project)
    with pytest.raises(UserError, match="expected a project for zedboard, found one for pynq-z2"):
        checked_files(project, load_board("zedboard"))


def test_a_manifest_of_an_older_version_is_refused(project: Path, board: Board, finish: Finish) -> None:
    path = finish(project) / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": "twofold board 1"}))
    with pytest.raises(UserError, match="expected 'twofold board 2', found 'twofold board 1'"):
        checked_files(project, board)
