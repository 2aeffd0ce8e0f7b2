"""`twofold filters`: how many filters each layer keeps, found by two agents."""

from __future__ import annotations

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

    from twofold.train.search_filters import FilterSearch

EXAMPLE = "Example: twofold filters build/train/float --ratio 0.3 --episodes 100"
_COLUMNS = (
    "validation %, pruned", "validation %, fine-tuned", "test %", "times smaller",
    "times fewer bit operations",
)  # fmt: skip


def filters(
    run: FloatRun,
    network: RunNetwork = None,
    data: TrainedOn = DataSet.DIGITS,
    data_folder: DataFolder = None,
    ratio: Annotated[
        float, typer.Option("--ratio", help="Of the uniform pruning whose bit operations are the budget.")
    ] = 0.3,
    align: Annotated[int, typer.Option("--align", help="Round widths up to multiples of this.")] = 1,
    criterion: Annotated[
        PruningCriterion, typer.Option("--criterion", help="Which filters of a layer go first.")
    ] = PruningCriterion.L1,
    episodes: Annotated[int, typer.Option("--episodes", help="Networks that the agents try.")] = 300,
    images: Annotated[int, typer.Option("--images", help="Validation images that judge each.")] = 1000,
    epochs: Annotated[int, typer.Option("--epochs", help="Of fine-tuning in the end; 0 for none.")] = 2,
    seed: Annotated[int, seed_option("Of the agents and fine-tuning.")] = 0,
    base: Annotated[str, typer.Option("--base", help="The recipe that gets the filters.")] = "cifar10_int8",
    out: Annotated[Path, typer.Option("--out", help="Where what was tried and the recipe are kept.")] = Path(
        "build/filters"
    ),
    json: Annotated[bool, typer.Option("--json", help="Print widths and figures as JSON.")] = False,
) -> None:
    """Let two DDPG agents choose each layer's filters, and compare with one ratio at equal bit operations.

    Networks that were tried are not tried again; fine-tuning that was interrupted goes on where it was.
    OUT/filters.toml is a recipe that prunes to these filters and goes on as its base does.
    """
    with results_only():
        from twofold.cli.progress_bars import shown
        from twofold.prune.criteria.named import CriterionName
        from twofold.train.listed_recipe import check_base, write_recipe
        from twofold.train.search_filters import SearchSettings, search_filters
        from twofold.train.teacher import float_network

        check_base(base)
        dataset, trained = float_network(run, str(data), data_folder, network)
        name = CriterionName(criterion)
        settings = SearchSettings(ratio, align, name, episodes, images, epochs, seed)
        found = search_filters(trained, dataset, out, settings, shown())
        write_recipe(found.rows[-1].widths, name, base, out / "filters.toml")
    if json:
        print_json(found.as_json())
        return
    print_rich(_figures(found), _kept(found), f"{found.episodes} episodes, {found.seconds:.0f} s")


def _figures(found: FilterSearch) -> Table:
    table = number_table("filters", *_COLUMNS)
    for row in found.rows:
        numbers = (row.before, row.after, row.test, row.size_ratio, row.bops_ratio)
        table.add_row(row.method, *(f"{number:.2f}" for number in numbers))
    return table


def _kept(found: FilterSearch) -> Table:
    table = number_table("filters of", *(row.method for row in found.rows))
    for layer in found.rows[0].widths:
        table.add_row(layer, *(str(row.widths[layer]) for row in found.rows))
    return table
