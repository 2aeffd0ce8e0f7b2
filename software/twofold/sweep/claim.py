"""How a process takes the next slot and a point for it, so that no two processes take the same."""

from __future__ import annotations

import os
import platform
import random
import time
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from twofold.errors import UserError
from twofold.sweep.ledger import KEY, SLOT, WORKER, Ledger, Slot
from twofold.sweep.point import Point
from twofold.sweep.session import Session
from twofold.sweep.space import Assignment
from twofold.sweep.study import sampler_for

#: Draws of the sampler that may be points which a trial has taken.
_DRAWS = 20


class _Decided(BaseSampler):
    """Gives a trial the values of an assignment."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._assignment[param_name]


@dataclass(frozen=True)
class Claim:
    """A slot, taken by a trial, and its point."""

    slot: int
    point: Point


def claim(session: Session, trial: Trial) -> Claim | None:
    """The next slot for a trial that was just asked for; None if there is none.

    One process after the other, in the order of the trials' numbers, as in Lamport's bakery (CACM 17, 1974):
    each waits until every earlier trial has said what it takes, or has died. Raises UserError if the space
    has no point that no trial has taken.
    """
    ledger = _in_turn(session, trial)
    slot = ledger.free
    if slot is None or session.trials[trial.number].state is not TrialState.RUNNING:
        return None
    trial.set_user_attr(WORKER, f"{platform.node()}:{os.getpid()}")
    trial.set_user_attr(SLOT, slot.number)
    by_hand = session.sweep.by_hand[slot.number : slot.number + 1]
    point = by_hand[0] if by_hand else _sampled(session, trial, slot, ledger)
    trial.set_user_attr(KEY, point.key)
    return Claim(slot.number, point)


def _in_turn(session: Session, trial: Trial) -> Ledger:
    """The ledger of a moment at which every earlier trial has said what it takes, or has died."""
    while True:
        session.look()
        running = [other for other in session.trials if other.state is TrialState.RUNNING]
        if all(KEY in other.user_attrs for other in running if other.number < trial.number):
            return session.look()
        time.sleep(session.timing.poll)


def _sampled(session: Session, trial: Trial, slot: Slot, ledger: Ledger) -> Point:
    """The point of the slot's trial that died, or a new one; its parameters become the trial's."""
    space = session.sweep.space
    sampler = sampler_for(session.sweep, session.seed, slot.number)
    begun = slot.begun
    assignment = begun.params if begun is not None else _new(session, trial, sampler, ledger)
    session.study.sampler = _Decided(assignment)
    space.suggest(trial)
    return space.point(assignment)


def _new(session: Session, trial: Trial, sampler: BaseSampler, ledger: Ledger) -> Assignment:
    """What the sampler draws, if no trial has it; otherwise any that none has."""
    space = session.sweep.space
    known = ledger.keys | {point.key for point in session.sweep.by_hand}
    frozen = session.trials[trial.number]
    for _ in range(_DRAWS):
        drawn = space.draw(
            lambda name, choices: sampler.sample_independent(session.study, frozen, name, choices)
        )
        if space.point(drawn).key not in known:
            return drawn
    every = [] if space.count is None else list(space.assignments())
    random.Random(trial.number).shuffle(every)
    for assignment in every:
        if space.point(assignment).key not in known:
            return assignment
    raise UserError("space: expected a point that no trial has taken, found none")
