"""Widths on the way from widest to narrowest, and the first that meet a budget."""

from __future__ import annotations

import pytest

from twofold.errors import UserError
from twofold.mixed.choose import first_within, narrowing_path
from twofold.mixed.costs import Widths

WEIGHTS = {"large": 100, "small": 10, "free": 0}
#: The large layer loses twice as much and saves ten times as much; the third saves nothing.
LOSSES = {
    "large": {8: 0.0, 4: 0.2, 2: 3.0},
    "small": {8: 0.0, 4: 0.1, 2: 0.2},
    "free": {8: 0.0, 4: 0.0, 2: 0.0},
}


def bits(widths: Widths) -> float:
    return sum(WEIGHTS[name] * width for name, width in widths.items())


def test_the_least_loss_for_what_is_saved_comes_first() -> None:
    path = narrowing_path(LOSSES, bits)
    assert [(widths["large"], widths["small"]) for widths in path] == [(8, 8), (4, 8), (4, 4), (4, 2), (2, 2)]
    assert all(widths["free"] == 8 for widths in path)


def test_joined_layers_take_their_steps_together() -> None:
    def widest(widths: Widths) -> float:
        return (
            bits(widths)
            - sum(WEIGHTS[n] * widths[n] for n in ("large", "small"))
            + 110 * max(widths["large"], widths["small"])
        )

    assert len(narrowing_path(LOSSES, widest)) == 1, "one alone saves nothing"
    path = narrowing_path(LOSSES, widest, [{"large", "small"}, {"small", "elsewhere"}])
    assert [(widths["large"], widths["small"]) for widths in path] == [(8, 8), (4, 4), (2, 2)]


def test_the_first_within_a_budget_is_taken() -> None:
    path = narrowing_path(LOSSES, bits)
    assert first_within(path, lambda widths: bits(widths) <= 880, "") == path[0]
    assert first_within(path, lambda widths: bits(widths) <= 450, "") == path[2]
    with pytest.raises(UserError, match=r"budget: expected one that the narrowest widths meet.*220 bits"):
        first_within(path, lambda widths: bits(widths) <= 200, "220 bits")
