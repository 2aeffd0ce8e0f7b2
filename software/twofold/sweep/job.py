"""What every process of a sweep is given."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import torch

from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.progress import SILENT, Progress
from twofold.sweep.beat import Timing
from twofold.sweep.evaluate import Training
from twofold.sweep.session import Session
from twofold.sweep.storage import open_storage
from twofold.sweep.study import open_study
from twofold.sweep.sweep_file import Sweep
from twofold.sweep.worker import work
from twofold.train.teacher import float_network, teacher_for


@dataclass(frozen=True)
class Job:
    """storage: a URL of `open_storage`. runs: the folder of the training runs. threads: of each process."""

    sweep: Sweep
    storage: str
    runs: Path
    seed: int = 0
    data_folder: Path | None = None
    threads: int | None = None
    timing: Timing = field(default_factory=Timing)

    def open(self) -> tuple[Session, Training]:
        """The study and what evaluates its trials.

        Raises UserError if data, storage, the run to start from or the teacher's are not there: no trial
        could be trained, and each would be kept as an error.
        """
        sweep, dataset = self.sweep, self._dataset()
        teacher = teacher_for(dataset, sweep.teacher, sweep.teacher_network)
        study = open_study(sweep, open_storage(self.storage), self.seed, dataset.fingerprint)
        session = Session(study, sweep, self.seed, self.timing)
        return session, Training(sweep, dataset, self.runs, self.seed, teacher)

    def _dataset(self) -> Dataset:
        """Split as for the run to start from, so that no image it was trained on judges a trial."""
        sweep = self.sweep
        if sweep.start is None:
            return load(sweep.data, self.data_folder, self.seed)
        dataset, _ = float_network(sweep.start, sweep.data, self.data_folder, sweep.network)
        return dataset


def run(job: Job, progress: Progress = SILENT) -> None:
    """A process's part, until every slot is settled."""
    if job.threads is not None:
        torch.set_num_threads(job.threads)
    session, training = job.open()
    work(session, training, progress)


def threads_of_each(processes: int) -> int:
    """So many that `processes` of one machine share its cores."""
    return max(1, min(torch.get_num_threads(), (os.cpu_count() or 1) // processes))
