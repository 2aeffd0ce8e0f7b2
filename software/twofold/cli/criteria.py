"""`twofold criteria`: one trained network pruned by each criterion."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twofold.cli.choices import (
    DataFolder,
    DataSet,
    FloatRun,
    PruningCriterion,
    RunNetwork,
    TrainedOn,
    seed_option,
)
from twofold.cli.output import number_table, print_json, print_rich, results_only

if TYPE_CHECKING:
    from rich.table import Table

    from twofold.train.compare_criteria import CriterionRow

EXAMPLE = "Example: twofold criteria build/train/float --ratio 0.3 --epochs 2"
_COLUMNS = (
    "scored in s", "validation %, pruned", "validation %, fine-tuned", "test %", "times smaller",
    "times fewer bit operations",
)  # fmt: skip


def criteria(
    run: FloatRun,
    network: RunNetwork = None,
    data: TrainedOn = DataSet.DIGITS,
    data_folder: DataFolder = None,
    ratio: Annotated[float, typer.Option("--ratio", help="Share of each layer's filters to remove.")] = 0.3,
    align: Annotated[int, typer.Option("--align", help="Round widths up to multiples of this.")] = 1,
    epochs: Annotated[int, typer.Option("--epochs", help="Of fine-tuning after pruning; 0 for none.")] = 1,
    criterion: Annotated[
        list[PruningCriterion] | None,
        typer.Option("--criterion", help="Only this one; may be given several times."),
    ] = None,
    seed: Annotated[int, seed_option("Of fine-tuning.")] = 0,
    out: Annotated[
        Path, typer.Option("--out", help="Where rows and weights are kept, to go on after a stop.")
    ] = Path("build/criteria"),
    json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
) -> None:
    """Prune one trained network by each criterion at one ratio, fine-tune, and compare.

    A criterion that is finished is not run again; one that was interrupted goes on where it was.
    """
    with results_only():
        from twofold.cli.progress_bars import shown
        from twofold.prune.criteria.named import CriterionName
        from twofold.train.compare_criteria import CriteriaSettings, compare_criteria
        from twofold.train.teacher import float_network

        dataset, trained = float_network(run, str(data), data_folder, network)
        names = [CriterionName(word) for word in criterion or CriterionName]
        settings = CriteriaSettings(ratio, align, epochs, seed)
        rows = compare_criteria(trained, dataset, out, settings, names, shown())
    if json:
        print_json([row.as_json() for row in rows])
    else:
        print_rich(_table(rows))


def _table(rows: Sequence[CriterionRow]) -> Table:
    table = number_table("criterion", *_COLUMNS)
    for row in rows:
        accuracies = (f"{value:.2f}" for value in (row.before, row.after, row.test))
        ratios = (f"{value:.2f}" for value in (row.size_ratio, row.bops_ratio))
        table.add_row(row.criterion, f"{row.scoring_seconds:.3f}", *accuracies, *ratios)
    return table
