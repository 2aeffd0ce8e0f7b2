"""Who is told how a training run goes on, besides the progress bar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from torch import nn

from twofold.data.dataset import Images
from twofold.errors import UserError

#: Stage → an `Epoch` as a dictionary for each finished one; stages in order, those of earlier runs too.
History = Mapping[str, Sequence[Mapping[str, float]]]


class Journal(Protocol):
    """Called by the process that writes files."""

    def epoch(self, history: History) -> None:
        """An epoch of the last stage of `history` is done and will be in the checkpoint next."""

    def stage(self, history: History, network: nn.Module, validation: Images) -> None:
        """The last stage of `history` is done. network: in evaluation mode, its best weights."""


class NoJournal:
    """Writes nothing."""

    def epoch(self, history: History) -> None: ...

    def stage(self, history: History, network: nn.Module, validation: Images) -> None: ...


class Journals:
    """Several as one."""

    def __init__(self, *parts: Journal) -> None:
        self.parts = parts

    def epoch(self, history: History) -> None:
        for part in self.parts:
            part.epoch(history)

    def stage(self, history: History, network: nn.Module, validation: Images) -> None:
        for part in self.parts:
            part.stage(history, network, validation)


NO_JOURNAL: Journal = NoJournal()


@contextmanager
def disk_errors_told(what: str = "a log or plot of the training") -> Iterator[None]:
    """Raises UserError for an OSError within, where `what` is written."""
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write {what}: {error}; free space and run the same command again") from error
