"""`twofold models`: the trained networks that come with twofold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twofold.cli.output import number_table, print_json, print_rich, results_only

if TYPE_CHECKING:
    from rich.table import Table

    from twofold.models.shipped import ShippedModel

EXAMPLE = "Example: twofold models --json"
_COLUMNS = ("name", "data set", "accuracy", "MACs a frame", "smaller than float32", "fewer bit operations")


def models(json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False) -> None:
    """List the trained networks that come with twofold; every verb that takes a model takes their names."""
    with results_only():
        from twofold.models.shipped import shipped_models

        rows = [_row(model) for model in shipped_models()]
    if json:
        print_json(rows)
    else:
        print_rich(_table(rows))


def _row(model: ShippedModel) -> dict[str, Any]:
    metrics = model.metrics()
    return {
        "name": model.name,
        "network": model.network,
        "dataset": metrics["dataset"],
        "accuracy": metrics["accuracy"]["quantised"],
        "macs": metrics["macs"],
        "size_ratio": metrics["size_ratio"],
        "bops_ratio": metrics["bops_ratio"],
        "model": str(model.onnx),
    }


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    table = number_table(*_COLUMNS)
    table.columns[_COLUMNS.index("data set")].justify = "left"
    for row in rows:
        table.add_row(
            row["name"],
            row["dataset"],
            f"{row['accuracy']:.2f}%",
            f"{row['macs']:,}",
            f"{row['size_ratio']:.1f}×",
            f"{row['bops_ratio']:.1f}×",
        )
    return table
