from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from hashlib import sha256 as digest
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.files import atomic_path, beside, remove_unfinished, sha256, write_atomically


@pytest.fixture(params=[0o022, 0o002, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_a_file_is_written_whole_in_folders_that_are_made(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "file.txt"
    write_atomically(target, "öffentlich")
    assert target.read_bytes() == "öffentlich".encode()
    write_atomically(target, b"\0\1")
    assert target.read_bytes() == b"\0\1"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ("mine.py", "a file"),
        ("mine.py/deep", "Not a directory"),
        ("/proc/nope", "No such file or directory"),
        ("/proc", "No such file or directory"),
    ],
)
def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, found: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("mine")
    expected = f"^{folder}: expected a folder to write to, or a place for one, found {found}; choose another"
    with pytest.raises(UserError, match=expected):
        write_atomically(Path(folder) / "x.onnx", "content")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


@pytest.mark.parametrize("target", [".", "..", "folder"])
def test_a_folder_in_the_place_of_a_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    with pytest.raises(UserError, match=f"^{target}: expected the name of a file to write, found a folder"):
        write_atomically(Path(target), "content")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_readers_see_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "model.onnx"
    target.write_text("old")
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert (temporary.parent, temporary.suffix) == (target.parent, ".onnx")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


def test_permissions_are_those_of_any_new_file(tmp_path: Path, umask: int) -> None:
    target = tmp_path / "file.txt"
    write_atomically(target, "content")
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~umask


def test_names_beside_a_file_are_new_and_hidden(tmp_path: Path) -> None:
    first, second = beside(tmp_path / "file.tar.gz"), beside(tmp_path / "file.tar.gz")
    assert first != second and not first.exists()
    assert first.name.startswith(".") and first.suffix == ".gz"


def test_what_killed_writers_of_a_file_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "model[1].onnx"
    for _ in range(2):
        beside(target).write_text("half")
    others = {target, tmp_path / ".model[1].old.onnx", beside(tmp_path / "model1.onnx"), tmp_path / ".hidden"}
    for path in others:
        path.write_text("content")
    remove_unfinished(target)
    assert set(tmp_path.iterdir()) == others


def test_the_digest_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content" * 100_000)
    assert sha256(path) == digest(b"content" * 100_000).hexdigest()
