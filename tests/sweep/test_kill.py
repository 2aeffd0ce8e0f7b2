"""A sweep by two processes on one storage, one of which is killed with SIGKILL in the middle of a trial."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState

from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.sweep import job as jobs
from twofold.sweep.beat import Timing
from twofold.sweep.job import Job
from twofold.sweep.ledger import KEY, SLOT, WORKER
from twofold.sweep.outcome import outcome
from twofold.sweep.session import Session
from twofold.sweep.storage import sqlite_url
from twofold.sweep.sweep_file import read_sweep

#: Children are forked from a server that has imported this, so that a start takes no seconds.
PRELOADED = ["twofold.sweep.job"]
FEW = 96
#: So few images that a trial takes seconds.
PART = f"""
from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.sweep import job as jobs

jobs.load = lambda *given: Dataset("digits", *(part.take(slice({FEW})) for part in load(*given).parts))
"""
SURVIVOR = f"{PART}\njobs.run(job)"
#: Ends itself when its first trial has trained some epochs.
VICTIM = f"""{PART}
import os, signal
from twofold.train.checkpoint import Checkpoint

save, saved = Checkpoint.save_running, []

def save_and_die(self, stage, state):
    save(self, stage, state)
    saved.append(stage)
    if len(saved) == 5:
        os.kill(os.getpid(), signal.SIGKILL)

Checkpoint.save_running = save_and_die
jobs.run(job)
"""
TEXT = """
trials = 4
recipes = ["int8"]

[[space]]
base = "apot"

[space.quantisation]
weight_bits = [3, 4]

[space.pruning]
ratio = { low = 0.0, high = 0.5, step = 0.1 }
stages = 1

[space.train]
float.epochs = 15
pruned.epochs = 1
quantised.epochs = 1
folded.epochs = 1
"""
TIMING = Timing(beat=0.2, grace=3.0, poll=0.05)
PATIENCE = 400.0


def start(part: str, job: Job) -> BaseProcess:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=exec, args=(part, {"job": job}))
    process.start()
    return process


def trials_of(session: Session, process: BaseProcess) -> list[FrozenTrial]:
    return [t for t in session.trials if str(t.user_attrs.get(WORKER, "")).endswith(f":{process.pid}")]


def wait_for_its_first_trial(session: Session, process: BaseProcess) -> None:
    while process.is_alive() and not trials_of(session, process):
        time.sleep(0.05)


def few_digits(*given: Any) -> Dataset:
    return Dataset("digits", *(part.take(slice(FEW)) for part in load(*given).parts))


def test_no_trial_is_lost_and_none_is_doubled(
    tmp_path: Path, written: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "load", few_digits)
    sweep = read_sweep(written(TEXT))
    job = Job(sweep, sqlite_url(tmp_path / "study.db"), tmp_path / "runs", threads=1, timing=TIMING)
    session, _ = job.open()
    survivor = start(SURVIVOR, job)
    wait_for_its_first_trial(session, survivor)
    victim = start(VICTIM, job)
    victim.join(PATIENCE)
    assert victim.exitcode == -signal.SIGKILL
    (dead,) = trials_of(session, victim)
    assert dead.user_attrs[SLOT] > 0
    survivor.join(PATIENCE)
    assert survivor.exitcode == 0

    found = outcome(session)
    assert [row.slot for row in found.rows] == list(range(4))
    assert len({row.key for row in found.rows}) == 4
    assert session.trials[dead.number].state is TrialState.FAIL
    again = found.rows[dead.user_attrs[SLOT]]
    assert again.trial > dead.number
    assert again.key == dead.user_attrs[KEY]
    assert again.worker.endswith(f":{survivor.pid}")
    assert session.trials[again.trial].params == dead.params
    assert found.interrupted >= 1
    by_hand = found.rows[0]
    assert by_hand in found.front or found.dominator(by_hand) in found.front
