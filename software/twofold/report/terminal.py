"""The report as tables in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from twofold.golden.compare import Check, Status
from twofold.report import wording
from twofold.report.schema import Device, Model, Report, Resources

_STYLES = {Status.PASS: "bold green", Status.FAIL: "bold red", Status.NOT_RUN: "bold yellow"}

_ROWS: Mapping[str, Callable[[Model], str]] = {
    "accuracy, float": lambda model: wording.top1(model.accuracy.float32),
    "accuracy, pruned": lambda model: wording.top1(model.accuracy.pruned),
    "accuracy, quantised": lambda model: wording.top1(model.accuracy.quantised),
    "size, times smaller": lambda model: wording.times(model.size_ratio),
    "bit operations, times fewer": lambda model: wording.times(model.bops_ratio),
    "MACs a frame": lambda model: wording.count(model.macs),
    "cycles a frame, predicted": lambda model: wording.count(model.cycles_per_frame.predicted),
    "cycles a frame, simulated": lambda model: wording.count(model.cycles_per_frame.simulated),
    "prediction's error": lambda model: wording.signed_percent(model.cycles_per_frame.error),
    "frames/s at 100 MHz, derived": wording.frame_rate,
}


def render(report: Mapping[str, Any]) -> RenderableType:
    """Headline, figures of each model and all checks of a `report.json` document."""
    parsed = Report.parse(report)
    return Group(
        Text(wording.headline(parsed), style="bold"),
        models_table(parsed.models),
        checks_table(parsed.checks),
        verdict(parsed.checks),
    )


def models_table(models: Sequence[Model]) -> Table:
    """One column a model: accuracy, size, speed, and resources as shares of the device."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for model in models:
        table.add_column(model.name, justify="right")
    for label, figure in _ROWS.items():
        table.add_row(label, *(figure(model) for model in models))
    table.add_section()
    for kind, name in wording.RESOURCE_NAMES.items():
        table.add_row(name, *(_usage(model, kind) for model in models))
    table.add_row("device", *(model.device.name if model.device else wording.UNKNOWN for model in models))
    table.add_row("fits", *(_fits(model) for model in models))
    return table


def utilisation_table(used: Resources, device: Device) -> Table:
    """One row a kind of primitive: used, in the device, and the share."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("resource", "used", device.name, "share"):
        table.add_column(column, justify="left" if column == "resource" else "right")
    for kind, share in used.shares(device.resources).items():
        table.add_row(
            wording.RESOURCE_NAMES[kind],
            wording.count(getattr(used, kind)),
            wording.count(getattr(device.resources, kind)),
            Text(wording.percent(share), style="bold red" if share and share > 1 else ""),
        )
    return table


def checks_table(checks: Sequence[Check]) -> Table:
    """One row a check, its state in words and colour."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("model", "reference", "candidate", "state"):
        table.add_column(column, no_wrap=True)
    for column in ("frames", "elements", "mismatches"):
        table.add_column(column, justify="right")
    table.add_column("detail")
    for check in checks:
        table.add_row(
            check.model,
            check.reference,
            check.candidate,
            Text(f"{wording.SYMBOLS[check.status]} {check.status}", style=_STYLES[check.status]),
            wording.count(check.frames),
            wording.count(check.elements),
            wording.count(check.mismatches),
            Text(check.detail),
        )
    return table


def layers_table(checks: Sequence[Check]) -> Table:
    """One row a tensor in order of execution, one column a candidate: equal, differing, or not shown."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("layer", no_wrap=True)
    for check in checks:
        table.add_column(check.candidate, justify="right", no_wrap=True)
    for name in wording.layers(checks):
        table.add_row(Text(name), *(_layer(check, name) for check in checks))
    return table


def _layer(check: Check, name: str) -> Text:
    if name in check.wrong:
        return Text(f"{wording.count(check.wrong[name])} differ", style=_STYLES[Status.FAIL])
    if name in check.deviations:
        return Text(wording.deviation(check.deviations[name]), style="yellow")
    return Text("equal", style="green") if name in check.tensors else Text(wording.UNKNOWN)


def verdict(checks: Sequence[Check]) -> Text:
    return Text(wording.verdict(checks), style=_STYLES[wording.overall(checks)])


def _usage(model: Model, kind: str) -> str:
    if model.resources is None:
        return wording.UNKNOWN
    used = wording.count(getattr(model.resources, kind))
    if model.device is None:
        return used
    return f"{used} ({wording.share(model, kind)})"


def _fits(model: Model) -> Text:
    style = {True: "bold green", False: "bold red", None: ""}[model.fits]
    return Text(wording.fits(model), style=style)
