"""`twofold doctor`: what this machine has, and what is disabled for lack of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from twofold.cli.failures import FOUND_WRONG
from twofold.cli.output import print_json, print_rich, word_table

if TYPE_CHECKING:
    from rich.table import Table

    from twofold.doctor import Diagnosis, Finding

EXAMPLE = "Example: twofold doctor --json"


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say which tools are here, and what the missing ones disable.

    Exit code 0 if all that is needed was found, 1 if not.
    """
    from twofold.doctor import examine

    diagnosis = examine()
    if json:
        print_json(diagnosis.as_json())
    else:
        print_rich(_table(diagnosis), _summary(diagnosis))
    if not diagnosis.complete:
        raise typer.Exit(FOUND_WRONG)


def _table(diagnosis: Diagnosis) -> Table:
    table = word_table("part", "state", "version", "disabled without it", "to do")
    for finding in diagnosis.findings:
        if finding.version is not None:
            table.add_row(finding.name, _state(finding), finding.version)
        else:
            table.add_row(finding.name, _state(finding), "–", finding.disables, finding.remedy)
    return table


def _state(finding: Finding) -> str:
    if finding.version is not None:
        return "[green]✓ found[/]"
    return "[bold red]✗ missing[/]" if finding.needed else "[yellow]○ optional[/]"


def _summary(diagnosis: Diagnosis) -> str:
    if diagnosis.complete:
        return "[bold green]Everything that twofold demo needs is here.[/]"
    return f"[bold red]Missing: {', '.join(finding.name for finding in diagnosis.missing)}.[/]"
