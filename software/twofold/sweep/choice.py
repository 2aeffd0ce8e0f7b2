"""What a value of a recipe may be in a sweep: one of several, or a number in a range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from twofold.errors import UserError

Scalar = bool | int | float | str
RANGE_KEYS = ("low", "high", "step", "log")
#: Decimals of numbers that a step leads to, so that 0.1 + 0.2 is 0.3.
_DECIMALS = 10


@dataclass(frozen=True)
class OneOf:
    """One of some words, numbers or truth values."""

    values: tuple[Scalar, ...]

    def __post_init__(self) -> None:
        if not self.values or not all(isinstance(value, Scalar) for value in self.values):
            raise UserError(f"expected a list of words, numbers or true and false, got {list(self.values)}")
        if len(set(self.values)) != len(self.values):
            raise UserError(f"expected values that differ, got {list(self.values)}")

    @property
    def distribution(self) -> BaseDistribution:
        return CategoricalDistribution(self.values)

    @property
    def listed(self) -> tuple[Scalar, ...]:
        """All its values."""
        return self.values

    @property
    def ends(self) -> tuple[Scalar, ...]:
        """Values that stand for all of them when they are checked."""
        return self.values

    def suggest(self, trial: Trial, name: str) -> Scalar:
        value = trial.suggest_categorical(name, self.values)
        assert value is not None
        return value

    def tidy(self, value: Any) -> Scalar:
        """value: drawn from `distribution`."""
        return value


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, both included; whole if both are and the step is.

    step: between neighbours; None for any number, or any whole one. log: drawn evenly on a logarithmic scale.
    """

    low: int | float
    high: int | float
    step: int | float | None = None
    log: bool = False

    def __post_init__(self) -> None:
        for key, value in (("low", self.low), ("high", self.high), ("step", self.step)):
            if key != "step" or value is not None:
                _check_number(key, value)
        if self.low > self.high or (self.step is not None and self.step <= 0):
            raise UserError(f"expected low ≤ high and a step above 0, got {self}")
        if self.log and (self.step is not None or self.low <= 0):
            raise UserError(f"log: expected low above 0 and no step, got {self}")

    @property
    def whole(self) -> bool:
        return all(isinstance(number, int) for number in (self.low, self.high, self.step or 1))

    @property
    def distribution(self) -> BaseDistribution:
        if self.whole:
            return IntDistribution(int(self.low), int(self.high), log=self.log, step=int(self.step or 1))
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)

    @property
    def listed(self) -> tuple[Scalar, ...] | None:
        """All its values; None where there is no end of them."""
        step = self.step or (1 if self.whole else None)
        if step is None:
            return None
        count = int((self.high - self.low) / step + 1e-9) + 1
        return tuple(self.tidy(self.low + place * step) for place in range(count))

    @property
    def ends(self) -> tuple[Scalar, ...]:
        """The least and the greatest."""
        listed = self.listed
        return (self.tidy(self.low), self.tidy(self.high)) if listed is None else (listed[0], listed[-1])

    def suggest(self, trial: Trial, name: str) -> Scalar:
        if self.whole:
            return trial.suggest_int(
                name, int(self.low), int(self.high), step=int(self.step or 1), log=self.log
            )
        return self.tidy(trial.suggest_float(name, self.low, self.high, step=self.step, log=self.log))

    def tidy(self, value: Any) -> Scalar:
        """value: drawn from `distribution`."""
        return int(value) if self.whole else round(float(value), _DECIMALS)


Choice = OneOf | Range


def is_range(value: object) -> bool:
    """True for a table { low = …, high = … } of a sweep file."""
    return isinstance(value, dict) and {"low", "high"} <= set(value)


def choice_of(value: Any) -> Choice:
    """A list or a range of a sweep file. Raises UserError for values that make no choice."""
    if isinstance(value, list):
        return OneOf(tuple(value))
    return _range(value)


def _range(table: Mapping[str, Any]) -> Range:
    for key in table:
        if key not in RANGE_KEYS:
            raise UserError(f"{key}: unknown; expected one of {', '.join(RANGE_KEYS)}")
    if not isinstance(table.get("log", False), bool):
        raise UserError(f"log: expected true or false, got {table['log']!r}")
    return Range(**table)


def _check_number(key: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{key}: expected a number, got {value!r}")
