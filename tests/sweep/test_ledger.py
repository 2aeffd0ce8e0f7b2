from __future__ import annotations

from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from twofold.sweep.ledger import DEATHS, ERROR, KEY, SLOT, Ledger


def trial(number: int, state: TrialState, **attributes: Any) -> FrozenTrial:
    made = optuna.create_trial(state=state, values=[1.0] if state is TrialState.COMPLETE else None)
    made.number = number
    for name, value in attributes.items():
        made.set_user_attr(name, value)
    return made


RUNNING, COMPLETE, FAIL = TrialState.RUNNING, TrialState.COMPLETE, TrialState.FAIL


def test_slots_are_given_out_in_order() -> None:
    assert Ledger.of([], 2).free.number == 0  # type: ignore[union-attr]
    ledger = Ledger.of([trial(0, RUNNING, **{SLOT: 0}), trial(1, COMPLETE, **{SLOT: 1})], 3)
    assert ledger.free is not None and ledger.free.number == 2
    assert (ledger.settled, ledger.done) == (1, False)


def test_a_slot_is_free_again_when_its_process_died_and_keeps_its_point() -> None:
    ledger = Ledger.of([trial(0, FAIL, **{SLOT: 0, KEY: "a"}), trial(1, FAIL, **{SLOT: 0})], 1)
    assert ledger.free is not None and ledger.free.begun is not None
    assert ledger.free.begun.number == 0
    assert ledger.keys == {"a"}


def test_an_error_settles_a_slot() -> None:
    ledger = Ledger.of([trial(0, FAIL, **{SLOT: 0, ERROR: "diverged"})], 1)
    assert ledger.done
    assert ledger.slots[0].error == "diverged"


def test_a_point_that_kills_its_processes_is_not_tried_for_ever() -> None:
    ledger = Ledger.of([trial(number, FAIL, **{SLOT: 0}) for number in range(DEATHS)], 1)
    assert ledger.done
    assert ledger.slots[0].error == "3 processes died of it"


def test_trials_without_a_slot_do_not_count() -> None:
    assert not Ledger.of([trial(0, FAIL), trial(1, COMPLETE, **{SLOT: 7})], 1).done
