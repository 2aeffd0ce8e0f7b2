from __future__ import annotations

from typing import Any

import optuna
import pytest
from optuna.trial import FixedTrial

from twofold.errors import UserError
from twofold.sweep.choice import OneOf, Range, choice_of, is_range


def test_a_list_is_one_of_its_values() -> None:
    choice = choice_of(["l1", "taylor"])
    assert choice == OneOf(("l1", "taylor"))
    assert choice.listed == choice.ends == ("l1", "taylor")
    assert choice.suggest(FixedTrial({"x": "taylor"}), "x") == "taylor"


def test_steps_lead_to_the_numbers_that_one_writes() -> None:
    choice = choice_of({"low": 0.0, "high": 0.6, "step": 0.1})
    assert choice.listed == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    assert choice.ends == (0.0, 0.6)
    assert choice.tidy(0.1 + 0.2) == 0.3


def test_whole_numbers_stay_whole() -> None:
    choice = choice_of({"low": 2, "high": 8, "step": 2})
    assert choice.listed == (2, 4, 6, 8)
    assert isinstance(choice.distribution, optuna.distributions.IntDistribution)
    assert type(choice.suggest(FixedTrial({"x": 4}), "x")) is int


def test_a_range_without_a_step_has_no_end() -> None:
    choice = choice_of({"low": 1e-4, "high": 1e-2, "log": True})
    assert choice.listed is None
    assert choice.ends == (1e-4, 1e-2)
    assert choice.suggest(FixedTrial({"x": 3e-3}), "x") == 3e-3


def test_a_table_is_a_range_by_its_ends() -> None:
    assert is_range({"low": 1, "high": 2})
    assert not is_range({"ratio": 0.3})


@pytest.mark.parametrize(
    "value, message",
    [
        ([], "expected a list of words, numbers"),
        ([[1]], "expected a list of words, numbers"),
        ([4, 4], "expected values that differ"),
        ({"low": 1, "high": 2, "by": 1}, "by: unknown; expected one of low, high, step, log"),
        ({"low": "a", "high": 2}, "low: expected a number, got 'a'"),
        ({"low": 3, "high": 2}, "expected low ≤ high"),
        ({"low": 1, "high": 2, "step": 0}, "a step above 0"),
        ({"low": 0, "high": 2, "log": True}, "log: expected low above 0 and no step"),
        ({"low": 1, "high": 2, "log": 1}, "log: expected true or false, got 1"),
    ],
)
def test_what_is_no_choice_is_refused(value: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        choice_of(value)


def test_a_range_of_floats_has_its_distribution() -> None:
    expected = optuna.distributions.FloatDistribution(0, 0.5, step=0.25)
    assert Range(0, 0.5, 0.25).distribution == expected
