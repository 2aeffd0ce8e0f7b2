"""Which of a sweep's trials are done, running, or to be given out.

A sweep has `trials` *slots*. A trial of Optuna's study takes a slot when it begins. A slot is settled by a
trial that has a result, or an error that would come again. It is free again when its trial's process died.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from optuna.trial import FrozenTrial, TrialState

#: Attributes of a trial: its process, slot and point's key, the process's beats, why there is no result.
WORKER, SLOT, KEY, BEAT, ERROR = "worker", "slot", "key", "beat", "error"
#: Attributes of a trial with a result; why no engine executes its network.
FIGURES, FOLDER, REASON = "figures", "folder", "reason"
#: So many processes may die of a slot before it counts as an error.
DEATHS = 3


@dataclass(frozen=True)
class Slot:
    """trials: that have taken it, in order."""

    number: int
    trials: Sequence[FrozenTrial] = field(default_factory=list)

    @property
    def complete(self) -> FrozenTrial | None:
        return next((trial for trial in self.trials if trial.state is TrialState.COMPLETE), None)

    @property
    def running(self) -> bool:
        return any(trial.state is TrialState.RUNNING for trial in self.trials)

    @property
    def error(self) -> str | None:
        """Why there is no result and will be none."""
        told = [trial.user_attrs[ERROR] for trial in self.trials if ERROR in trial.user_attrs]
        if told:
            return str(told[0])
        return f"{DEATHS} processes died of it" if len(self.dead) >= DEATHS else None

    @property
    def dead(self) -> list[FrozenTrial]:
        """Trials whose process ended without a result."""
        return [t for t in self.trials if t.state is TrialState.FAIL and ERROR not in t.user_attrs]

    @property
    def settled(self) -> bool:
        return self.complete is not None or self.error is not None

    @property
    def free(self) -> bool:
        return not self.settled and not self.running

    @property
    def begun(self) -> FrozenTrial | None:
        """The last trial that had chosen a point and died, whose training can go on."""
        return next((trial for trial in reversed(self.dead) if KEY in trial.user_attrs), None)


@dataclass(frozen=True)
class Ledger:
    """slots: all of a sweep. keys: of the points that any trial has taken."""

    slots: tuple[Slot, ...]
    keys: frozenset[str]

    @classmethod
    def of(cls, trials: Sequence[FrozenTrial], count: int) -> Ledger:
        taken: dict[int, list[FrozenTrial]] = {number: [] for number in range(count)}
        for trial in trials:
            if trial.user_attrs.get(SLOT) in taken:
                taken[trial.user_attrs[SLOT]].append(trial)
        keys = frozenset(trial.user_attrs[KEY] for trial in trials if KEY in trial.user_attrs)
        return cls(tuple(Slot(number, found) for number, found in taken.items()), keys)

    @property
    def settled(self) -> int:
        return sum(slot.settled for slot in self.slots)

    @property
    def done(self) -> bool:
        return self.settled == len(self.slots)

    @property
    def free(self) -> Slot | None:
        """The next one to be taken."""
        return next((slot for slot in self.slots if slot.free), None)
