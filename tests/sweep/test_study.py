from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.storages import InMemoryStorage

from twofold.errors import UserError
from twofold.sweep.study import open_study, sampler_for
from twofold.sweep.sweep_file import Sweep, read_sweep


def test_the_study_is_that_of_whoever_came_first(twelve: Sweep) -> None:
    storage = InMemoryStorage()
    first = open_study(twelve, storage, 0, "data")
    first.ask()
    assert len(open_study(twelve, storage, 0, "data").trials) == 1
    assert [str(d.name) for d in first.directions] == ["MAXIMIZE", "MAXIMIZE"]


@pytest.mark.parametrize("seed", [0, 42_950, 2**63 - 1])
def test_any_seed_draws(twelve: Sweep, seed: int) -> None:
    study = open_study(twelve, InMemoryStorage(), seed, "data")
    assert study.ask().suggest_float("ratio", 0, 1) == sampled(twelve, seed)


def sampled(sweep: Sweep, seed: int) -> float:
    again = optuna.create_study(sampler=sampler_for(sweep, seed, 0), directions=["maximize"] * 2)
    return again.ask().suggest_float("ratio", 0, 1)


def test_more_trials_are_the_same_sweep(written: Callable[[str], Path], text: str) -> None:
    storage = InMemoryStorage()
    open_study(read_sweep(written(text)), storage, 0, "data")
    open_study(read_sweep(written(text), 13), storage, 0, "data")


@pytest.mark.parametrize(
    "change, seed, data, differs",
    [
        (("0.5", "0.6"), 0, "data", "space"),
        (("", ""), 1, "data", "seed"),
        (("", ""), 0, "other", "data fingerprint"),
    ],
)
def test_another_sweep_of_the_same_name_is_refused(
    written: Callable[[str], Path], text: str, change: tuple[str, str], seed: int, data: str, differs: str
) -> None:
    storage = InMemoryStorage()
    open_study(read_sweep(written(text)), storage, 0, "data")
    other = read_sweep(written(text.replace(*change)))
    with pytest.raises(UserError, match=f"study 'mine': .*found another {differs}; rename the sweep file"):
        open_study(other, storage, seed, data)


def test_each_slot_has_a_sampler_of_its_own(twelve: Sweep) -> None:
    draws = [
        sampler_for(twelve, seed, slot)._rng.rng.randint(2**31) for seed, slot in ((0, 1), (0, 2), (1, 1))
    ]
    assert len(set(draws)) == 3
