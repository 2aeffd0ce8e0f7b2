"""A log that TensorBoard shows while training runs: `tensorboard --logdir FOLDER`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from twofold.data.dataset import Images
from twofold.errors import UserError
from twofold.train.journal import History

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class TensorBoard:
    """Loss, validation accuracy, learning rate and seconds of each epoch, counted through all stages.

    A resumed run goes on in the same curves: what a killed run wrote of epochs that it had not saved is
    taken back. Raises UserError if the package tensorboard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer: SummaryWriter | None = None
        _refuse_if_missing()

    def epoch(self, history: History) -> None:
        epochs = [(stage, epoch) for stage, epochs in history.items() for epoch in epochs]
        first = len(epochs) - 1
        if self._writer is None:
            known = any(self.folder.glob("events.out.tfevents.*"))
            first = first if known else 0
            self._writer = _writer(self.folder, first)
        for step, (stage, epoch) in enumerate(epochs[first:], first):
            for name, value in epoch.items():
                self._writer.add_scalar(f"{name}/{stage}", value, step)
        self._writer.flush()

    def stage(self, history: History, network: nn.Module, validation: Images) -> None:
        """Nothing: every epoch is in the log."""


def _refuse_if_missing() -> None:
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError as error:
        raise UserError(
            "TensorBoard log: expected the package tensorboard, found none; "
            "pip install 'twofold[tensorboard]', or train without the log"
        ) from error


def _writer(folder: Path, purge_step: int) -> SummaryWriter:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=purge_step or None)
