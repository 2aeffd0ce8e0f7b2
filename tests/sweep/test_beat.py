from __future__ import annotations

import time

import optuna

from twofold.sweep.beat import Watch, beating
from twofold.sweep.ledger import BEAT


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_running_trial_shows_signs_of_life() -> None:
    study = optuna.create_study()
    trial = study.ask()
    with beating(trial, 0.01):
        time.sleep(0.2)
    assert study.trials[0].user_attrs[BEAT] >= 2


def test_the_end_of_a_trial_by_others_does_not_stop_the_process() -> None:
    study = optuna.create_study()
    trial = study.ask()
    with beating(trial, 0.01):
        study.tell(0, state=optuna.trial.TrialState.FAIL)
        time.sleep(0.05)


def test_silence_is_measured_by_the_own_clock_from_the_first_look_on() -> None:
    study, clock = optuna.create_study(), Clock()
    watch = Watch(60, clock)
    alive, dead, ended = study.ask(), study.ask(), study.ask()
    study.tell(ended, 1.0)
    assert watch.silent(study.trials) == []
    clock.now = 59.0
    alive.set_user_attr(BEAT, 1)
    assert watch.silent(study.trials) == []
    clock.now = 61.0
    assert [trial.number for trial in watch.silent(study.trials)] == [dead.number]
