"""Signs of life: how it is noticed that the process of a trial has died.

Optuna's own heartbeat is for databases alone, and does not see a process that dies before its first beat.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from optuna.exceptions import OptunaError
from optuna.trial import FrozenTrial, Trial, TrialState

from twofold.sweep.ledger import BEAT


@dataclass(frozen=True)
class Timing:
    """Seconds. beat: between two signs of life; grace: without any, until a trial counts as dead; poll:
    between two looks at the study while there is nothing to do.
    """

    beat: float = 5.0
    grace: float = 60.0
    poll: float = 0.5


@contextmanager
def beating(trial: Trial, seconds: float) -> Iterator[None]:
    """Counts up in the trial while the block runs, in a thread."""
    ended = threading.Event()

    def beat() -> None:
        count = 0
        while not ended.wait(seconds):
            count += 1
            try:
                trial.set_user_attr(BEAT, count)
            except OptunaError:
                # The storage was busy, which the next beat mends, or the trial was finished by somebody else.
                continue

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Watch:
    """Notices running trials without a sign of life for `grace` seconds, by the own clock alone."""

    def __init__(self, grace: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._grace, self._clock = grace, clock
        self._seen: dict[int, tuple[Any, float]] = {}

    def silent(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """Of all `trials`, as often as it is called."""
        now, silent = self._clock(), []
        for trial in trials:
            if trial.state is not TrialState.RUNNING:
                continue
            beat = trial.user_attrs.get(BEAT)
            last, since = self._seen.get(trial.number, (object(), now))
            if beat != last:
                self._seen[trial.number] = (beat, now)
            elif now - since > self._grace:
                silent.append(trial)
        return silent
