"""Checkpoints: whole, damaged, of other inputs, and on a full disk."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from twofold.errors import UserError
from twofold.files import beside
from twofold.train.checkpoint import Checkpoint
from twofold.train.loop import FitState

WEIGHTS = {"weight": torch.arange(1000.0)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "checkpoint.pt"
    checkpoint = Checkpoint(path, "mine")
    checkpoint.save_finished("float", WEIGHTS, [{"validation": 50.0}])
    checkpoint.save_running("quantised", FitState(3, WEIGHTS, {}, WEIGHTS, (91.0, -0.5), []))
    return path


def test_what_was_saved_is_opened(path: Path) -> None:
    opened = Checkpoint.open(path, "mine")
    assert torch.equal(opened.finished["float"]["weight"], WEIGHTS["weight"])
    assert opened.history["float"] == [{"validation": 50.0}]
    state = opened.state_of("quantised")
    assert state is not None
    assert (state.epoch, state.best_score) == (3, (91.0, -0.5))
    assert opened.state_of("float") is None


def test_other_inputs_keep_the_file_and_find_it_again(path: Path) -> None:
    content = path.read_bytes()
    other = Checkpoint.open(path, "other")
    assert not other.finished
    other.save_finished("float", WEIGHTS, [])
    assert set(Checkpoint.open(path, "mine").finished) == {"float"}
    assert path.read_bytes() == content
    assert len(list(path.parent.iterdir())) == 2


@pytest.mark.parametrize("seed", range(12))
def test_a_changed_byte_is_told_and_left(path: Path, seed: int) -> None:
    content = bytearray(path.read_bytes())
    place = random.Random(seed).randrange(len(content))
    content[place] ^= 0x10
    path.write_bytes(content)
    try:
        opened = Checkpoint.open(path, "mine")
    except UserError as error:
        assert str(path) in str(error)
    else:
        assert torch.equal(opened.finished["float"]["weight"], WEIGHTS["weight"]), "padding was hit"
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"not a checkpoint"])
def test_other_files_are_told(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(
        UserError, match=r"expected a training checkpoint, found.*move it away to start afresh"
    ):
        Checkpoint.open(path, "mine")


def test_a_truncated_file_is_told(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(UserError, match="expected a training checkpoint"):
        Checkpoint.open(path, "mine")


def test_other_archives_are_told(path: Path) -> None:
    torch.save({"weights": 1}, path)
    with pytest.raises(UserError, match="found another content"):
        Checkpoint.open(path, "mine")


def test_a_folder_that_cannot_be_made_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("mine")
    with pytest.raises(
        UserError, match=r"mine.py: expected a folder to write to, or a place for one, found a file"
    ):
        Checkpoint.open(tmp_path / "mine.py" / "checkpoint.pt", "mine")


def test_what_a_killed_writer_left_is_removed(path: Path) -> None:
    left = beside(path)
    left.write_bytes(b"half")
    Checkpoint.open(path, "mine")
    assert not left.exists()


def test_a_stage_of_another_run_is_taken(path: Path, tmp_path: Path) -> None:
    mine = Checkpoint(tmp_path / "new.pt", "new")
    mine.take_from(path, "float", WEIGHTS)
    assert torch.equal(mine.finished["float"]["weight"], WEIGHTS["weight"])
    with pytest.raises(UserError, match="weights of the same network"):
        mine.take_from(path, "float", {"weight": torch.zeros(3)})
    with pytest.raises(UserError, match="finished the stage folded"):
        mine.take_from(path, "folded", WEIGHTS)
    with pytest.raises(UserError, match="earlier training run, found none"):
        mine.take_from(tmp_path / "none.pt", "float", WEIGHTS)
