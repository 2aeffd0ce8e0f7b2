"""`twofold demo`: everything, from the images to the report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twofold.cli.choices import seed_option
from twofold.cli.failures import FOUND_WRONG
from twofold.cli.output import print_json, print_rich, results_only

EXAMPLE = "Example: twofold demo --out build/demo"


def demo(
    out: Annotated[
        Path, typer.Option("--out", help="The folder for models, projects and the report.")
    ] = Path("build/demo"),
    seed: Annotated[int, seed_option("Of the split, the training and the stalls.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Train two small networks on digits, take both to hardware, and compare every integer on the way.

    What an earlier run has made is used again. Exit code 1 if a check fails or did not run.
    """
    with results_only():
        import twofold.api as api
        from twofold.cli.progress_bars import shown

        report = api.demo(out, seed, shown())
    from twofold.golden.compare import Status
    from twofold.report import terminal, wording
    from twofold.report.schema import Report

    if json:
        print_json(report)
    else:
        print_rich(terminal.render(report), f"report: {out / 'report.html'}")
    if wording.overall(Report.parse(report).checks) is not Status.PASS:
        raise typer.Exit(FOUND_WRONG)
