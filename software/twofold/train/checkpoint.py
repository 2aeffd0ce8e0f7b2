"""What a killed training run leaves to the next."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from twofold.errors import UserError
from twofold.files import make_folder, remove_unfinished, write_atomically
from twofold.train.loop import FitState

#: What reading a damaged archive raises.
_DAMAGE = (
    RuntimeError, EOFError, ValueError, OSError, LookupError, TypeError, OverflowError, NotImplementedError,
    pickle.UnpicklingError, zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip
_ADVICE = "restore it from a copy, or move it away to start afresh"


@dataclass
class Checkpoint:
    """The weights after each finished stage and the state within the running one, in one file.

    key: of the inputs that the run has.
    """

    path: Path
    key: str
    finished: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    running: tuple[str, FitState] | None = None
    history: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path, key: str) -> Checkpoint:
        """The run of these inputs, as far as it came; one that has not begun if there is no file.

        A file of other inputs is renamed after its key, and found again when its inputs come back.
        Raises UserError for a damaged file, which is left as it is, and for a folder that cannot be written.
        """
        make_folder(path.parent)
        remove_unfinished(path)
        if path.is_file() and (found := cls.read(path)).key != key:
            path.replace(_set_aside(path, found.key))
        aside = _set_aside(path, key)
        if not path.is_file() and aside.is_file():
            aside.replace(path)
        return cls.read(path) if path.is_file() else cls(path, key)

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """A run's file as it is. Raises UserError if there is none or it is damaged."""
        if not path.is_file():
            raise UserError(
                f"{path}: expected the checkpoint of an earlier training run, found none; "
                "give the folder that a finished run has written"
            )
        content = _content(path)
        running = content["running"]
        state = running and (running[0], FitState(**running[1]))
        return cls(path, content["key"], content["finished"], state, content["history"])

    def take_from(self, path: Path, stage: str, like: Mapping[str, Tensor]) -> None:
        """Counts a stage as finished that another run has finished.

        like: weights of the same names and shapes. Raises UserError for another network, and if the other run
        has not finished the stage.
        """
        other = Checkpoint.read(path)
        found = {name: value.shape for name, value in other.stage(stage).items()}
        if found != {name: value.shape for name, value in like.items()}:
            raise UserError(f"{path}: expected weights of the same network, found others")
        self.finished[stage], self.history[stage] = other.finished[stage], other.history[stage]

    def stage(self, name: str) -> Mapping[str, Any]:
        """The weights after a stage. Raises UserError if it is not finished."""
        if name not in self.finished:
            raise UserError(
                f"{self.path}: expected a run that has finished the stage {name}, found an unfinished one"
            )
        return self.finished[name]

    def state_of(self, stage: str) -> FitState | None:
        """Where the stage was when the last run was killed; None if it had not begun."""
        return self.running[1] if self.running is not None and self.running[0] == stage else None

    def save_running(self, stage: str, state: FitState) -> None:
        self.running = (stage, state)
        self._write()

    def save_finished(self, stage: str, weights: Mapping[str, Any], history: list[dict[str, float]]) -> None:
        """Copies the weights: the next stage may change them in place."""
        self.finished[stage] = {name: value.detach().clone() for name, value in weights.items()}
        self.history[stage], self.running = history, None
        self._write()

    def _write(self) -> None:
        """By way of memory: PyTorch's own writer does not say that a disk is full."""
        running = self.running and (self.running[0], asdict(self.running[1]))
        content = {"key": self.key, "finished": self.finished, "running": running, "history": self.history}
        archive = io.BytesIO()
        torch.save(content, archive)
        try:
            write_atomically(self.path, archive.getvalue())
        except OSError as error:
            raise UserError(
                f"{self.path}: cannot write the checkpoint ({error}); the last one is still whole: "
                "free space on the disk and run the same command again to go on"
            ) from error


def _content(path: Path) -> dict[str, Any]:
    """PyTorch does not notice changed bytes when it reads; the archive that it writes has checksums."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"a wrong checksum in {damaged}")
        content = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(content, dict) or set(content) != {"key", "finished", "running", "history"}:
            raise ValueError("another content")
    except _DAMAGE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: expected a training checkpoint, found {reason}; {_ADVICE}") from error
    return content


def _set_aside(path: Path, key: str) -> Path:
    return path.with_stem(f"{path.stem}-{key[:12]}")
