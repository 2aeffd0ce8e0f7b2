"""The search space: recipes of which some values are left open."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import Trial

from twofold.errors import UserError
from twofold.sweep.choice import Choice, Scalar, choice_of, is_range
from twofold.sweep.point import Point, Table
from twofold.train.recipe_merge import merged

#: Parameter → its value; the parameter RECIPE is an alternative's label.
Assignment = Mapping[str, Scalar]
#: (parameter, its distribution) → a value.
Draw = Callable[[str, BaseDistribution], Any]
RECIPE = "recipe"


@dataclass(frozen=True)
class Alternative:
    """A recipe with open values.

    label: what its parameters' names begin with. base: a recipe's name or a .toml file. fixed: nested tables
    that overrule it in any case. open: path of a key, such as (pruning, ratio) → what its value may be.
    """

    label: str
    base: str
    fixed: Table
    open: Mapping[tuple[str, ...], Choice]

    def parameters(self) -> Iterator[tuple[str, tuple[str, ...], Choice]]:
        """(name, path, choice) of every open value."""
        for path, choice in self.open.items():
            yield ".".join((self.label, *path)), path, choice

    @property
    def count(self) -> int | None:
        """How many points it has; None where there is no end of them."""
        sizes = [choice.listed for choice in self.open.values()]
        return None if None in sizes else math.prod(len(listed or ()) for listed in sizes)

    def assignments(self) -> Iterator[dict[str, Scalar]]:
        """All of them, where there is an end."""
        names = [name for name, _, _ in self.parameters()]
        for values in itertools.product(*(choice.listed or () for choice in self.open.values())):
            yield dict(zip(names, values, strict=True))


@dataclass(frozen=True)
class Space:
    """At least one alternative, labels that differ."""

    alternatives: tuple[Alternative, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(alternative.label for alternative in self.alternatives)

    @property
    def count(self) -> int | None:
        """How many points it has; None where there is no end of them."""
        counts = [alternative.count for alternative in self.alternatives]
        return None if None in counts else sum(count or 0 for count in counts)

    def draw(self, draw: Draw) -> dict[str, Scalar]:
        """Values for RECIPE and for the parameters of the alternative that it names."""
        label = draw(RECIPE, CategoricalDistribution(self.labels))
        chosen = self._named(label)
        drawn = {
            name: choice.tidy(draw(name, choice.distribution)) for name, _, choice in chosen.parameters()
        }
        return {RECIPE: label, **drawn}

    def suggest(self, trial: Trial) -> None:
        """Asks the trial for RECIPE and for the parameters of the alternative that it names."""
        label = trial.suggest_categorical(RECIPE, self.labels)
        for name, _, choice in self._named(label).parameters():
            choice.suggest(trial, name)

    def point(self, assignment: Assignment) -> Point:
        """assignment: of all parameters of an alternative, such as `draw` gives."""
        chosen = self._named(str(assignment[RECIPE]))
        settings: Table = chosen.fixed
        for name, path, choice in chosen.parameters():
            settings = merged(settings, _nested(path, choice.tidy(assignment[name])))
        return Point(chosen.base, settings)

    def assignments(self) -> Iterator[dict[str, Scalar]]:
        """Every point's, where there is an end of them."""
        for alternative in self.alternatives:
            for values in alternative.assignments():
                yield {RECIPE: alternative.label, **values}

    def check(self) -> None:
        """Raises UserError, naming recipe and key, for a value that no recipe has.

        Each value is tried beside the first values of the others.
        """
        for alternative in self.alternatives:
            first: dict[str, Scalar] = {RECIPE: alternative.label}
            first |= {name: choice.ends[0] for name, _, choice in alternative.parameters()}
            self._try(alternative, first)
            for name, _, choice in alternative.parameters():
                for value in choice.ends[1:]:
                    self._try(alternative, first | {name: value})

    def _try(self, alternative: Alternative, assignment: Assignment) -> None:
        try:
            _ = self.point(assignment).recipe
        except UserError as error:
            raise UserError(f"[[space]] {alternative.label}: {error}") from error

    def _named(self, label: str) -> Alternative:
        return next(one for one in self.alternatives if one.label == label)


def _nested(path: tuple[str, ...], value: Scalar) -> Table:
    table: Any = value
    for key in reversed(path):
        table = {key: table}
    return table


def alternative_of(label: str, base: str, content: Table) -> Alternative:
    """content: nested tables as in a recipe file; lists and ranges are open, all else is fixed.

    Raises UserError, naming the key, for a list or a range that is none.
    """
    found: dict[tuple[str, ...], Choice] = {}
    fixed: Table = {}
    for path, value in _leaves(content, ()):
        if isinstance(value, list) or is_range(value):
            try:
                found[path] = choice_of(value)
            except UserError as error:
                raise UserError(f"[[space]] {label}: {'.'.join(path)}: {error}") from error
        else:
            fixed = merged(fixed, _nested(path, value))
    return Alternative(label, base, fixed, found)


def _leaves(table: Table, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in table.items():
        if isinstance(value, dict) and not is_range(value):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value
