from __future__ import annotations

import random

import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FixedTrial

from twofold.errors import UserError
from twofold.sweep.choice import OneOf, Range, Scalar
from twofold.sweep.space import RECIPE, Space, alternative_of

SPACE = Space(
    (
        alternative_of(
            "apot",
            "apot",
            {
                "quantisation": {"weight_bits": [3, 4]},
                "pruning": {"ratio": {"low": 0.0, "high": 0.2, "step": 0.1}, "stages": 1},
            },
        ),
        alternative_of("int8", "int8", {"quantisation": {"bits": [4, 8]}}),
    )
)


def test_lists_and_ranges_are_open_and_the_rest_is_fixed() -> None:
    apot, _ = SPACE.alternatives
    assert apot.open == {
        ("quantisation", "weight_bits"): OneOf((3, 4)),
        ("pruning", "ratio"): Range(0.0, 0.2, 0.1),
    }
    assert apot.fixed == {"pruning": {"stages": 1}}


def test_an_assignment_is_a_recipe() -> None:
    point = SPACE.point({RECIPE: "apot", "apot.quantisation.weight_bits": 3, "apot.pruning.ratio": 0.1 + 0.1})
    assert point.base == "apot"
    assert point.settings == {"quantisation": {"weight_bits": 3}, "pruning": {"stages": 1, "ratio": 0.2}}


def test_all_points_can_be_listed() -> None:
    every = list(SPACE.assignments())
    assert len(every) == SPACE.count == 2 * 3 + 2
    assert len({SPACE.point(assignment).key for assignment in every}) == 8


def test_a_space_with_a_range_without_steps_has_no_end() -> None:
    endless = alternative_of("apot", "apot", {"pruning": {"ratio": {"low": 0.0, "high": 0.5}}})
    assert Space((*SPACE.alternatives, endless)).count is None


def test_only_the_parameters_of_the_drawn_recipe_are_drawn() -> None:
    def last(name: str, choices: BaseDistribution) -> Scalar:
        assert isinstance(choices, CategoricalDistribution)
        return choices.choices[-1]  # type: ignore[return-value]

    drawn = SPACE.draw(last)
    assert drawn == {RECIPE: "int8", "int8.quantisation.bits": 8}


def test_a_trial_is_asked_for_what_was_drawn() -> None:
    for assignment in random.Random(0).sample(list(SPACE.assignments()), 3):
        trial = FixedTrial(dict(assignment))
        SPACE.suggest(trial)  # type: ignore[arg-type]
        assert trial.params == assignment


@pytest.mark.parametrize(
    "content, message",
    [
        ({"quantisation": {"weight_bits": [4, 9]}}, "apot: Apot.weight_bits: expected a width of 2 to 8"),
        ({"pruning": {"criterion": ["l1", "l7"]}}, r"apot: \[pruning\] criterion: expected one of"),
        ({"pruning": {"ratio": {"low": 0.5, "high": 1.0}}}, "apot: .*expected 0 ≤ ratio < 1"),
        ({"pruning": {"speed": [1, 2]}}, r"apot: \[pruning\] speed: unknown"),
    ],
)
def test_every_value_is_tried_before_anything_runs(content: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message.replace("Apot.", r".*Apot\.")):
        Space((alternative_of("apot", "apot", content),)).check()


def test_a_list_that_is_no_choice_is_named_by_its_path() -> None:
    with pytest.raises(UserError, match=r"\[\[space\]\] apot: pruning.ratio: expected values that differ"):
        alternative_of("apot", "apot", {"pruning": {"ratio": [0.1, 0.1]}})
