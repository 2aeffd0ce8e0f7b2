"""`twofold doctor`: what this machine has, and what is disabled for lack of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from twofold.cli.failures import FOUND_WRONG
from twofold.cli.output import print_json, print_rich, word_table

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

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


def _state(finding: Finding) -> Text:
    from rich.text import Text

    if finding.version is not None:
        return Text("✓ found", style="green")
    return Text("✗ missing", style="bold red") if finding.needed else Text("○ optional", style="yellow")


def _summary(diagnosis: Diagnosis) -> Text:
    from rich.text import Text

    if diagnosis.complete:
        return Text("Everything that twofold demo needs is here.", style="bold green")
    missing = ", ".join(finding.name for finding in diagnosis.missing)
    return Text(f"Missing: {missing}.", style="bold red")
