"""Plots of training, each a function from typed content to one SVG file on a white page."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twofold.network.types import IntArray
from twofold.report.plots import draw_histogram
from twofold.report.schema import Histogram
from twofold.report.svg import Ink, draw, styled

#: The report's colours on a light page.
_COLOURS = {
    Ink.TEXT: "#171a24", Ink.MUTED: "#5b6376", Ink.GRID: "#dde1ea",
    Ink.FIRST: "#4257d8", Ink.SECOND: "#e08a2b", Ink.THIRD: "#0f9b8a", Ink.BAD: "#c0272d",
}  # fmt: skip

Epochs = Sequence[Mapping[str, float]]
#: Name → points (share of the weights that is 0, accuracy in percent).
Series = Mapping[str, Sequence[tuple[float, float]]]


@styled
def curves(history: Mapping[str, Epochs]) -> bytes:
    """Mean training loss and validation accuracy of each epoch, stage after stage.

    history: stage → epochs with keys `loss` and `validation`.
    """
    figure, (loss, accuracy) = draw(height=5.0, rows=2)
    _curve(loss, history, "loss", Ink.SECOND)
    _curve(accuracy, history, "validation", Ink.FIRST)
    loss.set_title("loss, mean over the training images")
    accuracy.set_title("accuracy on the validation part, %")
    accuracy.set_xlabel("epoch")
    return page(figure)


def _curve(axes: Axes, history: Mapping[str, Epochs], key: str, ink: Ink) -> None:
    start = 0
    for name, epochs in history.items():
        steps = range(start + 1, start + len(epochs) + 1)
        axes.plot(steps, [epoch[key] for epoch in epochs], ".-", color=ink.value, markersize=3, linewidth=1.2)
        if start:
            axes.axvline(start + 0.5, color=Ink.GRID.value, linewidth=1)
        place = (start + 0.5, 1.0)
        label = axes.annotate(name, place, (2, -2), ("data", "axes fraction"), "offset points", va="top")
        label.set(rotation=90, fontsize=7, color=Ink.MUTED.value, in_layout=False)
        start += len(epochs)
    axes.set_xlim(0.5, start + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y")


@styled
def sparsity_curves(series: Series) -> bytes:
    """Accuracy against the share of weights that is 0, a line for each name."""
    figure, (axes,) = draw(height=3.0)
    for ink, (name, points) in zip((Ink.SECOND, Ink.FIRST, Ink.THIRD), series.items(), strict=False):
        shares, accuracies = zip(*points, strict=True)
        axes.plot([100 * share for share in shares], accuracies, "o-", color=ink.value, label=name)
    axes.set_xlabel("weights of 0, % of each layer")
    axes.set_ylabel("test accuracy, %")
    axes.grid(axis="y")
    figure.legend(loc="outside upper left", ncols=2)
    return page(figure)


@styled
def confusion_matrix(counts: IntArray, stage: str) -> bytes:
    """Images by label and answer, darker the greater their share of the label. counts: [classes, classes]."""
    figure, (axes,) = draw(height=5.0)
    classes = len(counts)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1.2, edgecolors="white", linewidth=1)
    for label in range(classes):
        for answer in range(classes):
            if counts[label, answer]:
                ink = "white" if shares[label, answer] > 0.5 else Ink.TEXT.value
                place = (answer + 0.5, label + 0.5)
                axes.annotate(
                    str(counts[label, answer]), place, ha="center", va="center", color=ink, fontsize=8
                )
    middles = [label + 0.5 for label in range(classes)]
    names = [str(label) for label in range(classes)]
    axes.set_xticks(middles, names)
    axes.set_yticks(middles, names)
    axes.invert_yaxis()
    axes.set_aspect("equal")
    axes.set_xlabel("answer")
    axes.set_ylabel("label")
    right = 100 * counts.trace() / max(counts.sum(), 1)
    axes.set_title(f"{stage}: {right:.1f}% of {counts.sum()} validation images")
    return page(figure)


@styled
def weight_levels(histograms: Mapping[str, Histogram], stage: str) -> bytes:
    """Share of each layer's weights on each level. histograms: layer → level → weights, of some layer."""
    rows = math.ceil(len(histograms) / 2)
    figure, axes = draw(height=0.7 + 1.35 * rows, rows=rows, columns=2)
    for cell, (name, histogram) in zip(axes, histograms.items(), strict=False):
        draw_histogram(cell, name, histogram)
    for empty in axes[len(histograms) :]:
        empty.set_axis_off()
    figure.suptitle(f"{stage}: weights on the levels of their quantiser", fontsize=10, color=Ink.TEXT.value)
    return page(figure)


def page(figure: Figure) -> bytes:
    """The figure as a file of its own; the same figure gives the same bytes."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", facecolor="white", metadata={"Date": None})
    text = buffer.getvalue()
    for ink, colour in _COLOURS.items():
        text = text.replace(ink.value, colour)
    return text.encode()
