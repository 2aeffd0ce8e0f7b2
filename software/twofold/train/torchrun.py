"""What torchrun says of a process that it has started."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from twofold.errors import UserError


@dataclass(frozen=True)
class Started:
    """A process's number among all `count`, and among those of its machine."""

    rank: int = 0
    count: int = 1
    local_rank: int = 0
    local_count: int = 1

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Started:
        """As the only process where torchrun did not set it."""
        if "WORLD_SIZE" not in environment:
            return cls()
        told = {"RANK": 0, "WORLD_SIZE": 1, "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 1}
        return cls(*(int(environment.get(name, default)) for name, default in told.items()))

    def gpu(self, gpus: int) -> int:
        """The number of the GPU that is this process's own. Raises UserError if there are too few."""
        if self.local_count > gpus:
            raise UserError(
                f"torchrun: expected a GPU for each of the {self.local_count} processes, found {gpus}; start "
                f"it with --nproc-per-node {gpus}, or with CUDA_VISIBLE_DEVICES= to train on the CPU"
            )
        return self.local_rank


def is_first() -> bool:
    """Whether this process is the one that writes and tells; true without torchrun."""
    return Started.of(os.environ).rank == 0
