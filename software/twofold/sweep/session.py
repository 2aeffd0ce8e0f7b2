"""A process's view of a sweep's study: what is settled, and how trials end."""

from __future__ import annotations

from dataclasses import dataclass, field

from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from twofold.sweep.beat import Timing, Watch
from twofold.sweep.ledger import Ledger
from twofold.sweep.sweep_file import Sweep


@dataclass(frozen=True, eq=False)
class Session:
    """seed: of sampling and training."""

    study: Study
    sweep: Sweep
    seed: int
    timing: Timing = field(default_factory=Timing)
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "watch", Watch(self.timing.grace))

    @property
    def trials(self) -> list[FrozenTrial]:
        """All of the study, by number."""
        return self.study.get_trials(deepcopy=False)

    def look(self) -> Ledger:
        """The ledger of now, in which trials whose process has died are given up."""
        for trial in self.watch.silent(self.trials):
            self.give_up(trial.number)
        return Ledger.of(self.trials, self.sweep.trials)

    def give_up(self, trial: Trial | int) -> None:
        """Ends a trial without a result, unless it has ended."""
        self._tell(trial, TrialState.FAIL, None)

    def complete(self, trial: Trial, values: list[float]) -> None:
        """Ends a trial with a value for each objective, unless it was given up."""
        self._tell(trial, TrialState.COMPLETE, values)

    def _tell(self, trial: Trial | int, state: TrialState, values: list[float] | None) -> None:
        try:
            self.study.tell(trial, values, state, skip_if_finished=True)
        except UpdateFinishedTrialError:
            # Another process has ended it between this one's look and word.
            return
