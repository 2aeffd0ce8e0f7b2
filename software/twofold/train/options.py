"""What a recipe may say about the training of a stage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from twofold.errors import UserError
from twofold.train.schedule import Cosine, OneCycle, Plateau, Schedule
from twofold.train.settings import Adam, Fit, Sgd

OPTIMISERS: dict[str, type[Adam] | type[Sgd]] = {"adam": Adam, "sgd": Sgd}
SCHEDULES: dict[str, type[Schedule]] = {"cosine": Cosine, "one-cycle": OneCycle, "plateau": Plateau}


@dataclass(frozen=True)
class FitOptions:
    """Changes to a `Fit`; None keeps what it has. shift, flip: of the augmentation."""

    epochs: int | None = None
    optimiser: str | None = None
    learning_rate: float | None = None
    momentum: float | None = None
    weight_decay: float | None = None
    nesterov: bool | None = None
    schedule: str | None = None
    batch: int | None = None
    label_smoothing: float | None = None
    gradient_norm: float | None = None
    shift: int | None = None
    flip: float | None = None
    slimming: float | None = None

    def applied(self, usual: Fit) -> Fit:
        """Raises UserError for values out of range and for SGD's options with another optimiser."""
        changes = _given(
            epochs=self.epochs,
            batch=self.batch,
            smoothing=self.label_smoothing,
            max_norm=self.gradient_norm,
            slimming=self.slimming,
        )
        if self.schedule is not None:
            changes["schedule"] = _choice("schedule", self.schedule, SCHEDULES)()
        moves = _given(shift=self.shift, flip=self.flip)
        return replace(
            usual,
            optimiser=self._optimiser(usual.optimiser),
            augmentation=replace(usual.augmentation, **moves),
            **changes,
        )

    def _optimiser(self, usual: Adam | Sgd) -> Adam | Sgd:
        kind = type(usual) if self.optimiser is None else _choice("optimiser", self.optimiser, OPTIMISERS)
        base = usual if kind is type(usual) else kind()
        of_sgd = _given(momentum=self.momentum, weight_decay=self.weight_decay, nesterov=self.nesterov)
        if of_sgd and kind is not Sgd:
            raise UserError(f'{", ".join(of_sgd)}: expected only with optimiser = "sgd"')
        return replace(base, **_given(learning_rate=self.learning_rate), **of_sgd)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _choice(name: str, word: str, words: dict[str, Any]) -> Any:
    if word not in words:
        raise UserError(f"{name}: expected one of {', '.join(words)}, got {word!r}")
    return words[word]
