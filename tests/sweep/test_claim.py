from __future__ import annotations

import threading

import pytest
from optuna.trial import FrozenTrial, TrialState

from twofold.sweep.beat import beating
from twofold.sweep.claim import claim
from twofold.sweep.ledger import KEY, SLOT
from twofold.sweep.session import Session


def test_a_trial_waits_for_the_choice_of_an_earlier_one(session: Session) -> None:
    earlier, later = session.study.ask(), session.study.ask()
    taken: list[int] = []

    def take() -> None:
        claimed = claim(session, later)
        assert claimed is not None
        taken.append(claimed.slot)

    thread = threading.Thread(target=take)
    thread.start()
    thread.join(0.1)
    assert taken == []
    first = claim(session, earlier)
    thread.join()
    assert first is not None and first.slot == 0
    assert taken == [1]


@pytest.mark.parametrize("reading", range(1, 6))
def test_a_choice_between_two_readings_of_the_study_is_seen(session: Session, reading: int) -> None:
    earlier, later = session.study.ask(), session.study.ask()
    readings = iter(range(1, 100))

    class Overtaken(Session):
        @property
        def trials(self) -> list[FrozenTrial]:
            found = list(session.trials)
            if next(readings) == reading:
                assert claim(session, earlier) is not None
            return found

    claimed = claim(Overtaken(session.study, session.sweep, session.seed, session.timing), later)
    assert claimed is not None and claimed.slot == 1


def test_it_does_not_wait_for_the_dead(session: Session) -> None:
    dead, living = session.study.ask(), session.study.ask()
    with beating(living, session.timing.beat):
        claimed = claim(session, living)
    assert claimed is not None and claimed.slot == 0
    assert session.trials[dead.number].state is TrialState.FAIL


def test_a_trial_too_many_takes_nothing(session: Session) -> None:
    for _ in range(session.sweep.trials):
        assert claim(session, session.study.ask()) is not None
    surplus = session.study.ask()
    assert claim(session, surplus) is None
    assert SLOT not in surplus.user_attrs


def test_a_trial_that_was_given_up_takes_nothing(session: Session) -> None:
    trial = session.study.ask()
    session.give_up(trial)
    assert claim(session, trial) is None
    assert KEY not in session.trials[0].user_attrs
