"""A process's part, and several of them at once on one storage."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from optuna.trial import TrialState

from twofold.errors import UserError
from twofold.progress import Progress
from twofold.sweep.claim import Claim
from twofold.sweep.evaluate import Evaluate, Measured
from twofold.sweep.ledger import DEATHS, KEY, SLOT
from twofold.sweep.outcome import outcome
from twofold.sweep.session import Session
from twofold.sweep.storage import open_storage, sqlite_url
from twofold.sweep.study import open_study
from twofold.sweep.sweep_file import Sweep
from twofold.sweep.worker import work


def completed(session: Session) -> list[tuple[int, str]]:
    """(slot, key) of each trial with a result."""
    return [
        (trial.user_attrs[SLOT], trial.user_attrs[KEY])
        for trial in session.trials
        if trial.state is TrialState.COMPLETE
    ]


def test_recipes_by_hand_are_tried_first_and_no_point_twice(session: Session, evaluate: Evaluate) -> None:
    work(session, evaluate)
    slots, keys = zip(*completed(session), strict=True)
    assert slots == tuple(range(12))
    assert len(set(keys)) == 12
    assert keys[0] == session.sweep.by_hand[0].key
    assert len(session.trials) == 12


def test_one_process_alone_repeats_its_draws(session: Session, evaluate: Evaluate, twelve: Sweep) -> None:
    from optuna.storages import InMemoryStorage

    again = Session(open_study(twelve, InMemoryStorage(), 0, "data"), twelve, 0)
    other = Session(open_study(twelve, InMemoryStorage(), 1, "data"), twelve, 1)
    for one in (session, again, other):
        work(one, evaluate)
    assert completed(session) == completed(again) != completed(other)


def test_many_at_once_take_every_point_once(twelve: Sweep, evaluate: Evaluate, tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "study.db")
    first = Session(open_study(twelve, open_storage(url), 0, "data"), twelve, 0)

    def take_part() -> None:
        work(Session(open_study(twelve, open_storage(url), 0, "data"), twelve, 0, first.timing), evaluate)

    threads = [threading.Thread(target=take_part) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    slots, keys = zip(*completed(first), strict=True)
    assert sorted(slots) == list(range(12))
    assert len(set(keys)) == 12


def test_a_recipe_that_cannot_be_had_is_kept_as_an_error(session: Session, evaluate: Evaluate) -> None:
    def diverges(claim: Claim, progress: Progress) -> Measured:
        if claim.slot == 3:
            raise UserError("training diverged")
        return evaluate(claim, progress)

    work(session, diverges)
    found = outcome(session)
    assert len(found.rows) == 11
    assert [(failure.slot, failure.error) for failure in found.failures] == [(3, "training diverged")]


def test_an_interrupted_trial_is_run_again_with_its_parameters(session: Session, evaluate: Evaluate) -> None:
    def interrupted(claim: Claim, progress: Progress) -> Measured:
        if claim.slot == 5:
            raise KeyboardInterrupt
        return evaluate(claim, progress)

    with pytest.raises(KeyboardInterrupt):
        work(session, interrupted)
    left = session.trials[-1]
    assert (left.state, left.user_attrs[SLOT]) == (TrialState.FAIL, 5)
    work(session, evaluate)
    again = session.trials[len(completed(session)) - 6]
    assert (again.user_attrs[SLOT], again.params) == (5, left.params)
    assert len(set(completed(session))) == len(completed(session)) == 12
    assert outcome(session).interrupted == 1


def test_what_always_fails_is_given_up(session: Session, evaluate: Evaluate) -> None:
    def broken(claim: Claim, progress: Progress) -> Measured:
        if claim.slot == 2:
            raise ZeroDivisionError
        return evaluate(claim, progress)

    for _ in range(DEATHS):
        with pytest.raises(ZeroDivisionError):
            work(session, broken)
    work(session, broken)
    assert [failure.error for failure in outcome(session).failures] == ["3 processes died of it"]


def test_a_result_that_comes_after_the_trial_was_given_up_does_not_count(
    session: Session, evaluate: Evaluate
) -> None:
    calls = []

    def late(claim: Claim, progress: Progress) -> Measured:
        calls.append(claim.slot)
        if calls == [0]:
            session.give_up(session.trials[-1].number)
        return evaluate(claim, progress)

    work(session, late)
    assert calls[:2] == [0, 0]
    assert len(set(completed(session))) == len(completed(session)) == 12


def test_a_sweep_that_is_done_is_left_alone(session: Session, evaluate: Evaluate) -> None:
    work(session, evaluate)
    work(session, evaluate)
    assert len(session.trials) == 12
