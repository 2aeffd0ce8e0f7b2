from __future__ import annotations

import pytest

from twofold.errors import UserError
from twofold.train.schedule import OneCycle, Plateau


def test_one_cycle_rises_and_falls() -> None:
    cycle = OneCycle(warm_up=0.25, start=0.1)
    assert [round(cycle.factor(epoch, 8, []), 3) for epoch in (0, 1, 2, 5, 8)] == [0.1, 0.55, 1.0, 0.5, 0.0]


def test_a_plateau_cuts_after_epochs_without_improvement() -> None:
    plateau = Plateau(cut=0.5, patience=2)
    assert [plateau.factor(0, 9, scores) for scores in ([], [1, 2], [2, 1], [2, 1, 1], [2, 1, 1, 1, 1])] == [
        1, 1, 1, 0.5, 0.25,
    ]  # fmt: skip


def test_out_of_range_is_refused() -> None:
    with pytest.raises(UserError, match="warm_up: expected a share"):
        OneCycle(warm_up=1.0)
    with pytest.raises(UserError, match="plateau: expected 0 < cut < 1"):
        Plateau(cut=1.0)
