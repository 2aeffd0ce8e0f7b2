"""What a sweep improves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from optuna.study import StudyDirection


class Objective(StrEnum):
    """accuracy: percent of the validation part; size, bops: times less than the unpruned float32 network;
    cycles: predicted, of a frame among others on the engine that the sweep's board has, or on the smallest.
    """

    ACCURACY = "accuracy"
    SIZE = "size"
    BOPS = "bops"
    CYCLES = "cycles"

    @property
    def direction(self) -> StudyDirection:
        return StudyDirection.MINIMIZE if self is Objective.CYCLES else StudyDirection.MAXIMIZE

    @property
    def label(self) -> str:
        """With its unit, as an axis is labelled."""
        return _LABELS[self]

    def worded(self, value: float) -> str:
        """A value with its unit."""
        match self:
            case Objective.ACCURACY:
                return f"{value:.2f}%"
            case Objective.CYCLES:
                return f"{value:,.0f}"
            case _:
                return f"{value:.2f}×"


_LABELS = {
    Objective.ACCURACY: "top-1 of the validation part, %",
    Objective.SIZE: "times smaller than float32",
    Objective.BOPS: "times fewer bit operations than float32",
    Objective.CYCLES: "predicted cycles of a frame",
}


@dataclass(frozen=True)
class Figures:
    """What a trial measured.

    accuracy: percent of the validation part, which trials are chosen by; test_accuracy: of the test part,
    which is only reported. size, bops, cycles: as in `Objective`. engine, frames_per_second: of the fastest
    engine that fits the sweep's board. None for what was not asked for, or if there is no such engine.
    """

    accuracy: float
    test_accuracy: float
    size: float
    bops: float
    macs: int
    cycles: int | None = None
    engine: str | None = None
    frames_per_second: float | None = None

    def value(self, objective: Objective) -> float:
        """Cycles of a network without an engine: those of one product a cycle, as searches need a number."""
        if objective is Objective.CYCLES and self.cycles is None:
            return float(self.macs)
        return float(getattr(self, objective))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Figures:
        return cls(**document)
