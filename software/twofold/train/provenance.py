"""What a training run was made by, so that it can be repeated."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from twofold.commit import commit_of
from twofold.train.processes import Processes

PACKAGES = ("twofold", "torch", "brevitas", "torch-pruning", "numpy")


@dataclass(frozen=True)
class Provenance:
    """Of the call that finished the run; no part of the run's key, so a run goes on under a later one.

    commit: of twofold's code, "" outside a checkout; command: None where `train` was called from Python;
    versions: package → version, Python's among them; threads: of PyTorch in each of `processes`.
    """

    commit: str
    command: str | None
    versions: dict[str, str]
    threads: int
    processes: int

    @classmethod
    def now(cls, command: str | None, processes: Processes) -> Provenance:
        versions = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
        commit = commit_of(Path(__file__).parent)
        return cls(commit, command, versions, torch.get_num_threads(), processes.count)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
