"""`twofold sparsity`: one trained network with more and more of its weights set to 0."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twofold.cli.choices import DataFolder, DataSet, FloatRun, RunNetwork, TrainedOn, seed_option
from twofold.cli.output import number_table, print_json, print_rich, results_only

if TYPE_CHECKING:
    from rich.table import Table

    from twofold.train.compare_sparsity import SparsityRow

EXAMPLE = "Example: twofold sparsity build/train/float --ratio 0.5 --ratio 0.9"
_COLUMNS = ("validation %", "fine-tuned", "test %", "fine-tuned")


def sparsity(
    run: FloatRun,
    network: RunNetwork = None,
    data: TrainedOn = DataSet.DIGITS,
    data_folder: DataFolder = None,
    ratio: Annotated[
        list[float] | None,
        typer.Option("--ratio", help="Share of each layer's weights; may be given several times."),
    ] = None,
    epochs: Annotated[int, typer.Option("--epochs", help="Of fine-tuning with the zeros kept.")] = 0,
    seed: Annotated[int, seed_option("Of fine-tuning.")] = 0,
    out: Annotated[
        Path, typer.Option("--out", help="Where rows, weights and the plot are kept, to go on after a stop.")
    ] = Path("build/sparsity"),
    json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
) -> None:
    """Set the smallest weights of each layer to 0, at several ratios, and measure; the plot is in OUT.

    A ratio that is finished is not run again; one that was interrupted goes on where it was.
    """
    with results_only():
        from twofold.cli.progress_bars import shown
        from twofold.train.compare_sparsity import RATIOS, compare_sparsity
        from twofold.train.teacher import float_network

        dataset, trained = float_network(run, str(data), data_folder, network)
        rows = compare_sparsity(trained, dataset, out, ratio or RATIOS, epochs, seed, shown())
    if json:
        print_json([row.as_json() for row in rows])
    else:
        print_rich(_table(rows))


def _table(rows: Sequence[SparsityRow]) -> Table:
    table = number_table("weights of 0", *_COLUMNS)
    for row in rows:
        numbers = (row.before, row.after, row.test_before, row.test_after)
        table.add_row(f"{100 * row.ratio:.6g}%", *(f"{number:.2f}" for number in numbers))
    return table
