"""The report's plots, each a function from typed content to one inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from twofold.report import wording
from twofold.report.schema import Histogram, Layer, Model
from twofold.report.svg import Ink, draw, inline, styled

_SERIES = (Ink.FIRST, Ink.SECOND, Ink.THIRD)


@styled
def accuracy_against_size(models: Sequence[Model]) -> str:
    """Top-1 in percent over how many times smaller than float32; the float network is at 1×."""
    figure, (axes,) = draw(height=3.5)
    points = _accuracy_points(models)
    for index, (name, ratio, top1) in enumerate(points):
        colour = Ink.MUTED if name == _FLOAT else _SERIES[index % len(_SERIES)]
        axes.plot(ratio, top1, "o", markersize=9, color=colour.value)
        label = f"{name}\n{wording.top1(top1)}, {wording.times(ratio)}"
        axes.annotate(label, (ratio, top1), (0, -9), textcoords="offset points", ha="center", va="top")
    _accuracy_axes(axes, [ratio for _, ratio, _ in points], [top1 for _, _, top1 in points])
    return inline(figure, "accuracy", "Accuracy against model size")


_FLOAT = "float32"


def _accuracy_points(models: Sequence[Model]) -> list[tuple[str, float, float]]:
    """(name, size ratio, top-1 in percent) of what is known, the float network last."""
    points = [(model.name, model.size_ratio, model.accuracy.quantised) for model in models]
    points += [(_FLOAT, 1.0, model.accuracy.float32) for model in models[:1]]
    return [(name, ratio, top1) for name, ratio, top1 in points if ratio and top1 is not None]


def _accuracy_axes(axes: Axes, ratios: Sequence[float], accuracies: Sequence[float]) -> None:
    last = math.ceil(math.log2(max(ratios, default=1.0)) + 0.25)
    ticks = [2.0**power for power in range(last + 1)]
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, [f"{tick:g}×" for tick in ticks])
    axes.set_xlim(0.6, 1.3 * max(ticks))
    lowest, highest = min(accuracies, default=0.0), max(accuracies, default=100.0)
    span = max(highest - lowest, 2.0)
    axes.set_ylim(lowest - 0.7 * span, min(highest + 0.35 * span, 100.5))
    axes.set_xlabel("times smaller than float32")
    axes.set_ylabel("top-1, %")
    axes.grid(axis="y")


@styled
def cycles_per_layer(model: Model) -> str:
    """Two bars a layer, predicted and simulated cycles, with the share of MACs kept busy."""
    figure, (axes,) = draw(height=1.1 + 0.46 * len(model.layers))
    rows = [float(row) for row in range(len(model.layers))]
    predicted = [layer.cycles.predicted or 0 for layer in model.layers]
    simulated = [layer.cycles.simulated or 0 for layer in model.layers]
    axes.barh([row - 0.2 for row in rows], predicted, 0.36, color=Ink.FIRST.value, label="predicted")
    axes.barh([row + 0.2 for row in rows], simulated, 0.36, color=Ink.SECOND.value, label="simulated")
    for row, layer in zip(rows, model.layers, strict=True):
        if layer.utilisation is not None:
            _beside(axes, _longest(layer), row, wording.percent(layer.utilisation, 0))
    axes.set_yticks(rows, [layer.name for layer in model.layers])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.12 * max((_longest(layer) for layer in model.layers), default=1))
    axes.xaxis.set_major_formatter(lambda value, _: wording.count(value))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("cycles; beside the bars: MAC utilisation")
    axes.grid(axis="x")
    figure.legend(loc="outside upper left", ncols=2)
    return inline(figure, f"cycles-{model.name}", f"Cycles of each layer of {model.name}")


def _beside(axes: Axes, x: float, y: float, text: str) -> None:
    axes.annotate(text, (x, y), (5, 0), textcoords="offset points", va="center", color=Ink.MUTED.value)


def _longest(layer: Layer) -> int:
    return max(layer.cycles.predicted or 0, layer.cycles.simulated or 0)


@styled
def resources_against_device(models: Sequence[Model]) -> str:
    """One bar a kind and model: the share of the device's primitives, with a line where it is full."""
    known = [(model.name, shares) for model in models if (shares := _shares(model))]
    kinds = list(wording.RESOURCE_NAMES)
    figure, (axes,) = draw(height=1.2 + 0.26 * len(kinds) * max(len(known), 1))
    thickness = 0.8 / max(len(known), 1)
    for index, (name, shares) in enumerate(known):
        at = [row + (index - (len(known) - 1) / 2) * thickness for row in range(len(kinds))]
        colour = _SERIES[index % len(_SERIES)].value
        axes.barh(
            at, [100 * (shares[kind] or 0) for kind in kinds], 0.9 * thickness, color=colour, label=name
        )
        for row, kind in zip(at, kinds, strict=True):
            _beside(axes, 100 * (shares[kind] or 0), row, wording.percent(shares[kind]))
    highest = max((share or 0 for _, shares in known for share in shares.values()), default=0)
    _share_axes(axes, kinds, highest)
    if known:
        figure.legend(loc="outside upper left", ncols=len(known))
    return inline(figure, "resources", "Resources as shares of the device")


def _shares(model: Model) -> dict[str, float | None] | None:
    if model.resources is None or model.device is None:
        return None
    return model.resources.shares(model.device.resources)


def _share_axes(axes: Axes, kinds: Sequence[str], highest: float) -> None:
    axes.axvline(100, color=Ink.BAD.value, linestyle="--", linewidth=1.2)
    axes.set_yticks(range(len(kinds)), [wording.RESOURCE_NAMES[kind] for kind in kinds])
    axes.invert_yaxis()
    axes.set_xlim(0, max(112.0, 115 * highest))
    axes.set_xlabel("% of the device; dashed: full")
    axes.grid(axis="x")


@styled
def weight_histogram(model: Model) -> str:
    """Share of a layer's weights on each integer level, at the level's place on the number line."""
    rows = max(1, math.ceil(len(model.weight_histogram) / 2))
    figure, axes = draw(height=0.5 + 1.35 * rows, rows=rows, columns=2)
    for cell, (name, histogram) in zip(axes, model.weight_histogram.items(), strict=False):
        draw_histogram(cell, name, histogram)
    for empty in axes[len(model.weight_histogram) :]:
        empty.set_axis_off()
    return inline(figure, f"weights-{model.name}", f"Weight levels of each layer of {model.name}")


_FEW_LEVELS = 32


def draw_histogram(axes: Axes, name: str, histogram: Histogram) -> None:
    """One layer's weights on their levels."""
    total = sum(histogram.values()) or 1
    levels = list(histogram)
    width = 0.72 if len(levels) <= _FEW_LEVELS else 1.0
    axes.bar(levels, [100 * count / total for count in histogram.values()], width, color=Ink.FIRST.value)
    if len(levels) <= _FEW_LEVELS:
        axes.set_xticks(_labelled(levels))
    axes.set_title(name)
    axes.tick_params(labelsize=8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    axes.grid(axis="y")


def _labelled(levels: Sequence[int]) -> list[int]:
    """Levels from 0 outwards, as far apart as their labels need: 0, ±3, ±6, ±10 of the 4-bit APoT ones."""
    labelled = [0]
    for level in levels:
        if level >= labelled[-1] + 0.3 * max(levels):
            labelled.append(level)
    return [-level for level in labelled[:0:-1] if -level in levels] + labelled
