"""Widths of all layers from what each one loses and what it saves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from twofold.errors import UserError
from twofold.mixed.costs import Widths
from twofold.mixed.sensitivity import Losses


def narrowing_path(
    losses: Losses, cost: Callable[[Widths], float], joined: Collection[Collection[str]] = ()
) -> list[Widths]:
    """From the widest of all layers to the narrowest, one layer one width narrower at each step.

    The step taken is the one that adds the least loss for each unit of `cost` that it saves: the greedy
    answer to the knapsack problem, for losses that add up over layers. What saves nothing stays as it is.
    joined: layers that only step together; together with one of no `losses` they stay.
    """
    current: Widths = {name: max(by_width) for name, by_width in losses.items()}
    path = [current]
    bound = {name for names in joined for name in names}
    units = [*map(sorted, joined), *([name] for name in losses if name not in bound)]
    units = [unit for unit in units if losses.keys() >= set(unit)]
    while steps := _steps(current, units, losses, cost):
        _, names, width = min(steps)
        current = {**current, **dict.fromkeys(names, width)}
        path.append(current)
    return path


def _steps(
    current: Widths, units: Sequence[list[str]], losses: Losses, cost: Callable[[Widths], float]
) -> list[tuple[float, list[str], int]]:
    """(loss added for each unit of cost saved, layers, width) of every step that saves something."""
    before, found = cost(current), []
    for names in units:
        narrower = [other for other in losses[names[0]] if other < current[names[0]]]
        if not narrower:
            continue
        next_ = max(narrower)
        saved = before - cost({**current, **dict.fromkeys(names, next_)})
        if saved > 0:
            added = sum(losses[name][next_] - losses[name][current[name]] for name in names)
            found.append((added / saved, names, next_))
    return found


def first_within(path: Sequence[Widths], fits: Callable[[Widths], bool], what: str) -> Widths:
    """The first of `path` that `fits`, by bisection: behind the first one all are taken to fit.

    what: the budget, for the error. Raises UserError if not even the last one fits.
    """
    if not fits(path[-1]):
        raise UserError(f"budget: expected one that the narrowest widths meet, they do not: {what}")
    low, high = 0, len(path) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(path[middle]) else (middle + 1, high)
    return path[low]
