"""What came of a sweep: its trials, the front of the best, and where the recipes by hand stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from twofold.errors import UserError
from twofold.sweep.ledger import FIGURES, FOLDER, KEY, REASON, WORKER, Slot
from twofold.sweep.objective import Figures, Objective
from twofold.sweep.session import Session
from twofold.sweep.space import RECIPE
from twofold.sweep.sweep_file import Sweep


@dataclass(frozen=True)
class Row:
    """A slot with a result. worker: the process that ran it, host:pid. recipe: its base; by_hand: as it is;
    folder: of its training run. reason: why no engine executes its network.

    parameters: path of a key → its value. values: of the objectives, in their order.
    """

    slot: int
    trial: int
    worker: str
    key: str
    recipe: str
    by_hand: bool
    parameters: Mapping[str, Any]
    values: tuple[float, ...]
    figures: Figures
    feasible: bool
    folder: Path
    reason: str | None = None

    @property
    def name(self) -> str:
        return f"{self.recipe} by hand" if self.by_hand else f"{self.recipe}-{self.key}"

    def as_json(self) -> dict[str, Any]:
        return {
            "slot": self.slot,
            "trial": self.trial,
            "worker": self.worker,
            "key": self.key,
            "recipe": self.recipe,
            "by_hand": self.by_hand,
            "parameters": dict(self.parameters),
            "figures": self.figures.as_json(),
            "feasible": self.feasible,
            "folder": str(self.folder),
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Failure:
    """A slot without a result."""

    slot: int
    error: str


@dataclass(frozen=True)
class Outcome:
    """rows: of all slots with a result; failures: of the others. interrupted: trials whose process died."""

    objectives: tuple[Objective, ...]
    rows: tuple[Row, ...]
    failures: tuple[Failure, ...]
    interrupted: int

    @property
    def front(self) -> tuple[Row, ...]:
        """Feasible and dominated by no other feasible one; by the first objective, the best first."""
        feasible = [row for row in self.rows if row.feasible]
        found = [row for row in feasible if self.dominator(row) is None]
        sign = -1 if self.objectives[0].direction is StudyDirection.MAXIMIZE else 1
        return tuple(sorted(found, key=lambda row: sign * row.values[0]))

    @property
    def best(self) -> Row:
        """Of the front, by the first objective. Raises UserError if nothing is feasible."""
        if not self.front:
            raise UserError(
                f"sweep: expected a trial that meets the budget, found none of {len(self.rows)} that does; "
                "lower the budget or widen the space"
            )
        return self.front[0]

    def dominator(self, row: Row) -> Row | None:
        """A feasible row that is nowhere worse and somewhere better; any feasible one for one that is not."""
        for other in self.rows:
            if other.feasible and (not row.feasible or self._dominates(other, row)):
                return other
        return None

    def _dominates(self, one: Row, other: Row) -> bool:
        signs = [1 if o.direction is StudyDirection.MAXIMIZE else -1 for o in self.objectives]
        gains = [sign * (a - b) for sign, a, b in zip(signs, one.values, other.values, strict=True)]
        return min(gains) >= 0 and max(gains) > 0

    def as_json(self) -> dict[str, Any]:
        return {
            "objectives": [str(objective) for objective in self.objectives],
            "trials": [row.as_json() for row in self.rows],
            "failures": [{"slot": failure.slot, "error": failure.error} for failure in self.failures],
            "interrupted": self.interrupted,
            "front": [row.slot for row in self.front],
            "best": self.front[0].slot if self.front else None,
            "by_hand": {row.recipe: self._standing(row) for row in self.rows if row.by_hand},
        }

    def _standing(self, row: Row) -> dict[str, Any]:
        dominator = self.dominator(row)
        on_front = row in self.front
        return {"on_front": on_front, "dominated_by": None if dominator is None else dominator.slot}


def outcome(session: Session) -> Outcome:
    """Of the study as it is."""
    ledger = session.look()
    done = [(slot, slot.complete) for slot in ledger.slots]
    rows = tuple(_row(session.sweep, slot, trial) for slot, trial in done if trial is not None)
    failures = tuple(
        Failure(slot.number, slot.error) for slot in ledger.slots if slot.complete is None and slot.error
    )
    interrupted = sum(len(slot.dead) for slot in ledger.slots)
    return Outcome(session.sweep.objectives, rows, failures, interrupted)


def _row(sweep: Sweep, slot: Slot, trial: FrozenTrial) -> Row:
    by_hand = slot.number < len(sweep.recipes)
    label = sweep.recipes[slot.number] if by_hand else str(trial.params[RECIPE])
    return Row(
        slot.number,
        trial.number,
        trial.user_attrs[WORKER],
        trial.user_attrs[KEY],
        Path(label).stem,
        by_hand,
        _settings(sweep, trial.params),
        tuple(trial.values),
        Figures.from_json(trial.user_attrs[FIGURES]),
        all(value <= 0 for value in trial.constraints.values()),
        Path(trial.user_attrs[FOLDER]),
        trial.user_attrs.get(REASON),
    )


def _settings(sweep: Sweep, params: Mapping[str, Any]) -> dict[str, Any]:
    """Without the label that begins each name."""
    settings = {}
    for alternative in sweep.space.alternatives:
        for name, path, choice in alternative.parameters():
            if name in params:
                settings[".".join(path)] = choice.tidy(params[name])
    return settings


def note(found: Outcome) -> str:
    """The best value of each objective so far."""
    feasible = [row for row in found.rows if row.feasible]
    best = []
    for place, objective in enumerate(found.objectives):
        values = [row.values[place] for row in feasible]
        if values:
            pick = max if objective.direction is StudyDirection.MAXIMIZE else min
            best.append(f"{objective} {objective.worded(pick(values))}")
    return ", ".join(best)
