"""`twofold tables`: published figures beside ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twofold.cli.output import print_json, print_rich, results_only

EXAMPLE = "Example: twofold tables --compression"


def tables(
    compression: Annotated[
        bool, typer.Option("--compression", help="Only size and bit operations, pruned and counted anew.")
    ] = False,
    results: Annotated[
        Path, typer.Option("--results", help="The file with a row for every trained network.")
    ] = Path("docs/results.json"),
    json: Annotated[bool, typer.Option("--json", help="Print our figures as JSON.")] = False,
) -> None:
    """Print published accuracies, sizes and bit operations beside what was trained and counted here."""
    with results_only():
        from twofold.cli.progress_bars import shown
        from twofold.tables.compression import compressions
        from twofold.tables.results import read

        trained = () if compression else read(results)
        counted = compressions(shown())
    rows = [{"network": network, **row.as_json()} for network, row in counted.items()]
    if json:
        from dataclasses import asdict

        print_json(rows if compression else {"compression": rows, "results": list(map(asdict, trained))})
        return
    from twofold.tables import published, terminal

    print_rich(terminal.compression_table(published.COMPRESSION, counted))
    if not compression:
        print_rich(*(terminal.accuracy_table(table, trained) for table in published.ACCURACY))
        print_rich(terminal.results_table(trained) if trained else f"no trained results in {results}")
