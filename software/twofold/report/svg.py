"""Matplotlib figures as SVG that takes its colours and fonts from the page around it."""

from __future__ import annotations

import io
import re
from enum import StrEnum

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure


class Ink(StrEnum):
    """Colours by role. Each is a marker that becomes the CSS variable of its name, so that one SVG
    serves the light and the dark page."""

    TEXT = "#010101"
    MUTED = "#020202"
    GRID = "#030303"
    FIRST = "#040404"
    SECOND = "#050505"
    THIRD = "#060606"
    BAD = "#070707"


_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "twofold",
    "font.size": 10,
    "axes.edgecolor": Ink.GRID.value,
    "axes.labelcolor": Ink.MUTED.value,
    "axes.titlecolor": Ink.TEXT.value,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": Ink.GRID.value,
    "grid.linewidth": 0.6,
    "text.color": Ink.TEXT.value,
    "xtick.color": Ink.MUTED.value,
    "ytick.color": Ink.MUTED.value,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.labelcolor": Ink.TEXT.value,
}

styled = matplotlib.rc_context(_STYLE)
"""Decorates a function that draws a plot and returns it inlined."""


def draw(height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty figure, 5.2 inches wide so that its text stays readable on a phone, and its axes."""
    figure = Figure(figsize=(5.2, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def inline(figure: Figure, name: str, description: str) -> str:
    """The figure as an `<svg>` element. name makes its ids unique in the page; description is read
    out by screen readers."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # A browser knows both namespaces in HTML, and the page stays free of anything like an address.
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    for ink in Ink:
        text = text.replace(ink.value, f"var(--{ink.name.lower()})")
    return text.replace("<svg ", f'<svg role="img" aria-label="{description}" ', 1)
