"""What a killed training run leaves to the next."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from twofold.files import atomic_path
from twofold.train.loop import FitState


@dataclass
class Checkpoint:
    """The weights after each finished stage and the state within the running one, in one file.

    key: of the inputs; a file of other inputs, or a damaged one, counts as none.
    """

    path: Path
    key: str
    finished: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    running: tuple[str, FitState] | None = None

    @classmethod
    def open(cls, path: Path, key: str) -> Checkpoint:
        empty = cls(path, key)
        if not path.is_file():
            return empty
        try:
            content = torch.load(path, weights_only=True)
        except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError):
            return empty
        if not isinstance(content, dict) or content.get("key") != key:
            return empty
        running = content["running"]
        state = running and (running[0], FitState(**running[1]))
        return cls(path, key, content["finished"], state)

    def state_of(self, stage: str) -> FitState | None:
        """Where the stage was when the last run was killed; None if it had not begun."""
        return self.running[1] if self.running is not None and self.running[0] == stage else None

    def save_running(self, stage: str, state: FitState) -> None:
        self.running = (stage, state)
        self._write()

    def save_finished(self, stage: str, weights: Mapping[str, Any]) -> None:
        self.finished[stage], self.running = weights, None
        self._write()

    def _write(self) -> None:
        running = self.running and (self.running[0], asdict(self.running[1]))
        with atomic_path(self.path) as temporary:
            torch.save({"key": self.key, "finished": self.finished, "running": running}, temporary)
