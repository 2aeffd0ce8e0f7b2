from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.sweep.evaluate import Evaluate
from twofold.sweep.objective import Figures, Objective
from twofold.sweep.outcome import Outcome, Row, note, outcome
from twofold.sweep.session import Session
from twofold.sweep.worker import work

ACCURACY_CYCLES = (Objective.ACCURACY, Objective.CYCLES)


def row(slot: int, accuracy: float, cycles: int, by_hand: bool = False, feasible: bool = True) -> Row:
    figures = Figures(accuracy, accuracy, 4.0, 16.0, 1000, cycles)
    values = (accuracy, float(cycles))
    return Row(slot, slot, "here:1", f"k{slot}", "apot", by_hand, {}, values, figures, feasible, Path("run"))


ROWS = (
    row(0, 97.0, 900, by_hand=True),
    row(1, 98.0, 1000),
    row(2, 97.5, 900),
    row(3, 99.0, 800, feasible=False),
)
FOUND = Outcome(ACCURACY_CYCLES, ROWS, (), 0)


def test_the_front_is_feasible_and_not_dominated_best_first() -> None:
    assert [one.slot for one in FOUND.front] == [1, 2]
    assert FOUND.best.slot == 1


def test_a_recipe_by_hand_is_on_the_front_or_dominated() -> None:
    assert FOUND.as_json()["by_hand"] == {"apot": {"on_front": False, "dominated_by": 2}}
    alone = replace(FOUND, rows=ROWS[:2])
    assert alone.as_json()["by_hand"] == {"apot": {"on_front": True, "dominated_by": None}}


def test_equal_trials_are_both_on_the_front() -> None:
    assert len(replace(FOUND, rows=(row(0, 97.0, 900), row(1, 97.0, 900))).front) == 2


def test_without_a_feasible_trial_there_is_no_best() -> None:
    with pytest.raises(UserError, match="expected a trial that meets the budget, found none of 1 that does"):
        _ = replace(FOUND, rows=ROWS[3:]).best


def test_the_note_has_the_best_of_each_objective() -> None:
    assert note(FOUND) == "accuracy 98.00%, cycles 900"
    assert note(replace(FOUND, rows=())) == ""


def test_rows_are_read_from_the_study(session: Session, evaluate: Evaluate) -> None:
    work(session, evaluate)
    found = outcome(session)
    first, second = found.rows[:2]
    assert (first.recipe, first.by_hand, first.parameters) == ("int8", True, {})
    assert (second.recipe, second.by_hand) == ("apot", False)
    assert set(second.parameters) == {"quantisation.weight_bits", "pruning.ratio"}
    assert second.values == (second.figures.accuracy, second.figures.size)
    assert found.as_json()["trials"][0]["figures"]["test_accuracy"] == first.figures.test_accuracy
