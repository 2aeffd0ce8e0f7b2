"""The plot of a sweep: every trial, and the front of those that no other one beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from matplotlib.axes import Axes

from twofold.report.svg import Ink, draw, styled
from twofold.report.training import page


class Mark(StrEnum):
    """How a trial stands to the others."""

    FRONT = "front"
    DOMINATED = "dominated"
    INFEASIBLE = "beyond the budget"


_INKS = {Mark.FRONT: Ink.FIRST, Mark.DOMINATED: Ink.MUTED, Mark.INFEASIBLE: Ink.BAD}


@dataclass(frozen=True)
class Spot:
    """A trial. label: of one that is named in the plot, or ""; values: one for each axis."""

    label: str
    values: Sequence[float]
    mark: Mark


@styled
def pareto(spots: Sequence[Spot], labels: Sequence[str]) -> bytes:
    """A panel for each objective after the first, which is upright in all. labels: of the objectives."""
    others = range(1, len(labels)) if len(labels) > 1 else range(1)
    figure, panels = draw(height=0.6 + 2.9 * len(others), rows=len(others))
    for axes, place in zip(panels, others, strict=True):
        for mark in reversed(Mark):
            _scatter(axes, [spot for spot in spots if spot.mark is mark], place, mark)
        axes.set_xlabel(labels[place])
        axes.set_ylabel(labels[0])
        axes.grid()
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=len(Mark))
    return page(figure)


def _scatter(axes: Axes, spots: Sequence[Spot], place: int, mark: Mark) -> None:
    """spots: all of one mark."""
    if not spots:
        return
    xs, ys = [spot.values[place] for spot in spots], [spot.values[0] for spot in spots]
    axes.plot(xs, ys, "o", markersize=6, color=_INKS[mark].value, label=str(mark), linestyle="none")
    for spot in spots:
        if spot.label:
            at = (spot.values[place], spot.values[0])
            axes.plot(*at, "s", markersize=11, fillstyle="none", color=Ink.SECOND.value)
            axes.annotate(spot.label, at, (8, 4), textcoords="offset points", fontsize=8)
