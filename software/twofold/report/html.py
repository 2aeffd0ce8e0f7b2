"""The report as one HTML file that needs nothing but a browser: no script, no network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from twofold.files import write_atomically
from twofold.report import plots, wording
from twofold.report.schema import Report

_TEMPLATE = "report.html.j2"


def write(report: Mapping[str, Any], path: Path) -> None:
    """Renders a `report.json` document; raises `UserError` if it is not of schema 1."""
    write_atomically(path, render(Report.parse(report)))


def render(report: Report) -> str:
    """The whole page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE).render(report=report, wording=wording, plots=_plots(report))


def _plots(report: Report) -> dict[str, Markup]:
    """Title → SVG of every plot that there is data for. The SVG is ours, so it is not escaped."""
    figures = {"Accuracy against size": plots.accuracy_against_size(report.models)}
    if any(model.resources and model.device for model in report.models):
        figures["Resources against the device"] = plots.resources_against_device(report.models)
    for model in report.models:
        if model.layers:
            figures[f"Cycles a layer, {model.name}"] = plots.cycles_per_layer(model)
    for model in report.models:
        if model.weight_histogram:
            figures[f"Weights on their levels, {model.name}"] = plots.weight_histogram(model)
    return {title: Markup(svg) for title, svg in figures.items()}
