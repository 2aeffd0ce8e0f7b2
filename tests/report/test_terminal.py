from __future__ import annotations

from typing import Any

from rich.console import Console, RenderableType

from twofold.report import terminal
from twofold.report.schema import Device, Resources


def printed(renderable: RenderableType) -> str:
    console = Console(width=140)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_models_checks_and_verdict_are_printed(report: dict[str, Any]) -> None:
    text = printed(terminal.render(report))
    for words in (
        "apot: 15.8× smaller",
        "13,300 (27.3%)",
        "330 (150.0%)",
        "does not fit",
        "50,000",
        "-1.00%",
    ):
        assert words in text
    for words in (
        "✓ pass",
        "✗ fail",
        "○ not run",
        "conv1[0, 1]: expected 4, found <5>",
        "1 of 3 checks fail",
    ):
        assert words in text


def test_utilisation_is_printed_against_the_device() -> None:
    device = Device("xc7z020", Resources(53200, 17400, 106400, 220, 140))
    text = printed(terminal.utilisation_table(Resources(13300, 0, 10, 330, 0.5), device))
    rows = [line.split() for line in text.splitlines() if line.strip()]
    assert rows[0] == ["resource", "used", "xc7z020", "share"]
    assert ["DSP", "330", "220", "150.0%"] in rows
