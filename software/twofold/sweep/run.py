"""A sweep from its file to the best model."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from twofold.errors import UserError
from twofold.files import make_folder
from twofold.progress import SILENT, Progress
from twofold.sweep.crew import Crew, processes
from twofold.sweep.export import export_best, write_report
from twofold.sweep.job import Job, run, threads_of_each
from twofold.sweep.outcome import Outcome, note, outcome
from twofold.sweep.session import Session
from twofold.sweep.storage import sqlite_url
from twofold.sweep.sweep_file import Sweep


@dataclass(frozen=True)
class Swept:
    """model: the best trial's, in QONNX; recipe: its recipe file; plot: the front."""

    outcome: Outcome
    model: Path
    recipe: Path
    plot: Path


def sweep(
    sweep: Sweep,
    out: Path,
    seed: int = 0,
    data_folder: Path | None = None,
    storage: str | None = None,
    workers: int = 1,
    crew: Crew | None = None,
    progress: Progress = SILENT,
) -> Swept:
    """Runs what is left of a sweep, alone or with others, and writes what came of it to `out`.

    data_folder: as of `load`. storage: a URL of `open_storage`, a SQLite file in `out` if None; whoever is
    given the same takes part in the same sweep. workers: processes of this machine. crew: starts other ones.
    Raises UserError for a storage of another sweep, if nothing meets the budget, if all workers died, and for
    an `out` that cannot be written.
    """
    make_folder(out)
    # Absolute, as the processes of a crew may have another working folder.
    home = out.absolute()
    job = Job(sweep, storage or sqlite_url(home / "study.db"), home / "runs", seed, data_folder)
    session, _ = job.open()
    if crew is None and workers == 1:
        with progress.task(f"sweep {sweep.name}"):
            run(job, progress)
    else:
        shared = replace(job, threads=threads_of_each(workers))
        _oversee(session, crew or processes(workers), shared, progress)
    found = outcome(session)
    plot = write_report(found, out)
    model, recipe = export_best(found.best, out)
    return Swept(found, model, recipe, plot)


def _oversee(session: Session, crew: Crew, job: Job, progress: Progress) -> None:
    """Until all is settled. Raises UserError if no worker is left before."""
    name = session.sweep.name
    settled = 0
    with progress.task(f"sweep {name}", total=session.sweep.trials) as advance, crew(job) as alive:
        while True:
            working, ledger = alive(), session.look()
            if ledger.settled > settled:
                advance(ledger.settled - settled, note(outcome(session)))
                settled = ledger.settled
            if ledger.done:
                return
            if not working:
                raise UserError(
                    f"sweep {name}: expected a worker that goes on, all have ended after {settled} of "
                    f"{len(ledger.slots)} trials; run the same command again to go on"
                )
            time.sleep(session.timing.poll)
