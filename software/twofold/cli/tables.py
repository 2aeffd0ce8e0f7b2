"""`twofold tables`: published figures beside ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twofold.cli.choices import Network
from twofold.cli.output import print_json, print_rich, results_only
from twofold.errors import UserError

EXAMPLE = "Example: twofold tables --compression"


def tables(
    compression: Annotated[
        bool, typer.Option("--compression", help="Only size and bit operations, pruned and counted anew.")
    ] = False,
    aligned: Annotated[
        bool,
        typer.Option("--aligned", help="Only a pruned network whose widths fill the engine's tiles."),
    ] = False,
    imagenet: Annotated[
        bool,
        typer.Option("--imagenet", help="Only ResNet-50 in INT8, pruned, and both in either order."),
    ] = False,
    network: Annotated[Network, typer.Option("--network", help="Of --aligned.")] = Network.RESNET20,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results", help="A file with a row for every trained network; twofold's own if not given."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print our figures as JSON.")] = False,
) -> None:
    """Print published accuracies, sizes and bit operations beside what was trained and counted here."""
    if results is not None and not results.is_file():
        raise UserError(
            f"{results}: expected a results file, found none; twofold train --results writes rows to one"
        )
    if aligned:
        _aligned(str(network), results, json)
    elif imagenet:
        _orders(json)
    else:
        _published(compression, results, json)


def _published(compression: bool, results: Path | None, json: bool) -> None:
    """compression: sizes and bit operations alone."""
    with results_only():
        from twofold.cli.progress_bars import shown
        from twofold.tables.compression import compressions
        from twofold.tables.results import read, shipped

        trained = () if compression else read(results or shipped())
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
        print_rich(
            terminal.results_table(trained) if trained else f"no trained results in {results or shipped()}"
        )


def _orders(json: bool) -> None:
    with results_only():
        from twofold.cli.progress_bars import shown
        from twofold.models.catalogue import drawn
        from twofold.tables import published, terminal
        from twofold.tables.orders import variants

        rows = variants(drawn("resnet50", classes=1000, channels=3, seed=0), progress=shown())
    if json:
        print_json([row.as_json() | {"accuracy": terminal.NOT_RUN} for row in rows])
    else:
        print_rich(terminal.orders_table(rows, published.ORDERS))


def _aligned(network: str, results: Path | None, json: bool) -> None:
    with results_only():
        from twofold.cli.progress_bars import shown
        from twofold.models.catalogue import drawn
        from twofold.tables import aligned, terminal
        from twofold.tables.results import read, shipped

        trained = read(results or shipped())
        rows = aligned.alignments(drawn(network, classes=10, channels=3, seed=0), shown())
    if json:
        print_json([{"network": network, **row.as_json()} for row in rows])
    else:
        print_rich(terminal.aligned_table(network, rows, trained))
