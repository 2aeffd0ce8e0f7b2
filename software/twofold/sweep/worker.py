"""A process's part in a sweep: one trial after the other, until all slots are settled."""

from __future__ import annotations

import time

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import Trial

from twofold.errors import UserError
from twofold.progress import SILENT, Progress
from twofold.sweep.beat import beating
from twofold.sweep.claim import Claim, claim
from twofold.sweep.evaluate import Evaluate, Measured
from twofold.sweep.ledger import ERROR, FIGURES, FOLDER, REASON
from twofold.sweep.session import Session

_BUDGET = "budget"


def work(session: Session, evaluate: Evaluate, progress: Progress = SILENT) -> None:
    """Returns when every slot is settled, by this process or another.

    While others run the last trials, it waits, to run those again whose process dies. A trial's UserError is
    kept in the study, and the next trial is run; any other error leaves no result and is raised.
    """
    while not (ledger := session.look()).done:
        if ledger.free is None:
            time.sleep(session.timing.poll)
            continue
        trial = session.study.ask()
        with beating(trial, session.timing.beat):
            try:
                _run(session, evaluate, trial, progress)
            except UpdateFinishedTrialError:
                # This process was silent for too long, and its trial was given up: another one has the slot.
                continue
            finally:
                session.give_up(trial)


def _run(session: Session, evaluate: Evaluate, trial: Trial, progress: Progress) -> None:
    """A trial without a result is left as it is."""
    try:
        claimed = claim(session, trial)
        if claimed is None:
            return
        with progress.task(_name(session, claimed)):
            measured = evaluate(claimed, progress)
    except UserError as error:
        trial.set_user_attr(ERROR, str(error))
        return
    _tell(session, trial, measured)


def _name(session: Session, claimed: Claim) -> str:
    point = claimed.point
    return f"trial {claimed.slot + 1} of {session.sweep.trials}: {point.name}"


def _tell(session: Session, trial: Trial, measured: Measured) -> None:
    trial.set_user_attr(FIGURES, measured.figures.as_json())
    trial.set_user_attr(FOLDER, str(measured.folder))
    if measured.reason is not None:
        trial.set_user_attr(REASON, measured.reason)
    if measured.violation is not None:
        trial.set_constraint(_BUDGET, measured.violation)
    session.complete(trial, [measured.figures.value(objective) for objective in session.sweep.objectives])
