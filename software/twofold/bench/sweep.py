"""A sweep that loses one of its two processes: `python -m twofold.bench.sweep`.

The sweep `digits` runs in two processes on one SQLite file. One of them is killed with SIGKILL in the middle
of a trial, when a third of the trials are done. Looked at are: that no trial is lost and none is doubled,
that the dead one's recipe was run again, that the front has or dominates the recipes by hand, and that the
best model's integers are the qonnx executor's. Rows are written to build/bench/sweep.json. Ends with code 1
if a check fails.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState

from twofold import api
from twofold.errors import UserError, ends_in_a_line
from twofold.files import write_atomically
from twofold.golden.compare import Status
from twofold.sweep.beat import Timing
from twofold.sweep.job import Job, run
from twofold.sweep.ledger import KEY, SLOT, WORKER
from twofold.sweep.outcome import Outcome, outcome
from twofold.sweep.session import Session
from twofold.sweep.storage import sqlite_url
from twofold.sweep.sweep_file import sweep_named

OUT = Path("build/bench/sweep.json")
WORK = Path("build/bench/sweep")
SWEEP = "digits"
TIMING = Timing(beat=2.0, grace=30.0)


@dataclass(frozen=True)
class SweepRow:
    """detail: what was counted."""

    check: str
    passed: bool
    detail: str

    @property
    def line(self) -> str:
        """For people."""
        return f"{self.check}: {'passed' if self.passed else 'FAILED'} ({self.detail})"


@ends_in_a_line()
def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    rows = bench(WORK, chosen.seed)
    write_atomically(chosen.out, json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    for row in rows:
        print(row.line)
    sys.exit(not all(row.passed for row in rows))


def bench(work: Path, seed: int) -> list[SweepRow]:
    """Starts afresh in `work`. Raises UserError if a process ends before it is killed, or ends badly."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    sweep = sweep_named(SWEEP)
    job = Job(sweep, sqlite_url(work / "study.db"), work / "runs", seed, threads=1, timing=TIMING)
    session, _ = job.open()
    begun = time.monotonic()
    dead = _with_a_kill(session, job)
    seconds = time.monotonic() - begun
    rows = list(_checks(session, outcome(session), dead))
    swept, checks = api.sweep(SWEEP, work, seed)
    equal = [check.status is Status.PASS for check in checks]
    detail = f"{sum(check.elements for check in checks):,} integers of {swept.outcome.best.name}"
    timed = SweepRow("two processes, one killed", True, f"{seconds:.0f} s, seed {seed}")
    return [timed, *rows, SweepRow("best model equals the qonnx executor", all(equal), detail)]


def _with_a_kill(session: Session, job: Job) -> FrozenTrial:
    """The trial of the process that was killed."""
    context = multiprocessing.get_context("spawn")
    victim, survivor = (context.Process(target=run, args=(job,)) for _ in range(2))
    victim.start()
    survivor.start()
    try:
        while (dead := _in_training(session, victim)) is None:
            if not victim.is_alive():
                raise UserError("expected a process that trains a trial, it has ended")
            time.sleep(1)
        os.kill(victim.pid or 0, signal.SIGKILL)
        survivor.join()
    finally:
        victim.kill()
        survivor.kill()
    if survivor.exitcode != 0:
        raise UserError(f"expected the other process to go on to the end, it ended with {survivor.exitcode}")
    return dead


def _in_training(session: Session, process: BaseProcess) -> FrozenTrial | None:
    """The running trial of a process, once a third of all are done."""
    if session.look().settled < session.sweep.trials // 3:
        return None
    for trial in session.trials:
        mine = str(trial.user_attrs.get(WORKER, "")).endswith(f":{process.pid}")
        if mine and trial.state is TrialState.RUNNING and KEY in trial.user_attrs:
            return trial
    return None


def _checks(session: Session, found: Outcome, dead: FrozenTrial) -> Iterator[SweepRow]:
    keys, count = {row.key for row in found.rows}, session.sweep.trials
    settled = sorted([row.slot for row in found.rows] + [failure.slot for failure in found.failures])
    told = "".join(f"; {failure.error}" for failure in found.failures)
    detail = f"{len(found.rows)} results, {len(found.failures)} errors of {count}{told}"
    yield SweepRow("no trial lost", settled == list(range(count)), detail)
    complete = [trial for trial in session.trials if trial.state is TrialState.COMPLETE]
    yield SweepRow(
        "none doubled",
        len(complete) == len(keys) == len(found.rows),
        f"{len(complete)} results of {len(keys)} different recipes",
    )
    again = next((row for row in found.rows if row.slot == dead.user_attrs[SLOT]), None)
    same = again is not None and again.key == dead.user_attrs[KEY] and again.trial != dead.number
    yield SweepRow(
        "the killed trial was run again", same, f"trial {dead.number}, {found.interrupted} interrupted"
    )
    for row in found.rows:
        if row.by_hand:
            better = found.dominator(row)
            stands = "on the front" if better is None else f"dominated by {better.name}"
            covered = row in found.front or better in found.front
            yield SweepRow(f"the front covers {row.name}", covered, stands)


if __name__ == "__main__":
    main()
