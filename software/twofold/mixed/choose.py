"""Widths of all layers from what each one loses and what it saves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twofold.errors import UserError
from twofold.mixed.costs import Widths
from twofold.mixed.sensitivity import Losses


def narrowing_path(losses: Losses, cost: Callable[[Widths], float]) -> list[Widths]:
    """From the widest of all layers to the narrowest, one layer one width narrower at each step.

    The step taken is the one that adds the least loss for each unit of `cost` that it saves: the greedy
    answer to the knapsack problem, for losses that add up over layers. What saves nothing stays as it is.
    """
    current: Widths = {name: max(by_width) for name, by_width in losses.items()}
    path = [current]
    while steps := _steps(current, losses, cost):
        _, name, width = min(steps)
        current = {**current, name: width}
        path.append(current)
    return path


def _steps(current: Widths, losses: Losses, cost: Callable[[Widths], float]) -> list[tuple[float, str, int]]:
    """(loss added for each unit saved, layer, width) of every step that saves something."""
    before, found = cost(current), []
    for name, width in current.items():
        narrower = [other for other in losses[name] if other < width]
        if not narrower:
            continue
        next_ = max(narrower)
        saved = before - cost({**current, name: next_})
        if saved > 0:
            found.append(((losses[name][next_] - losses[name][width]) / saved, name, next_))
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
