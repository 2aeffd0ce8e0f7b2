"""`twofold widths`: how many bits each layer gets, for a budget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twofold.cli.choices import DataFolder, DataSet, RunNetwork, TrainedOn
from twofold.cli.output import number_table, print_json, print_rich, results_only
from twofold.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from twofold.widths_by_budget import Choice, Limit

EXAMPLE = "Example: twofold widths build/train/float --times-fewer-bops 40 --out mixed.toml"


def widths(
    run: Annotated[Path, typer.Argument(help="The folder of a run, whose float network is measured.")],
    network: RunNetwork = None,
    times_smaller: Annotated[
        float | None, typer.Option("--times-smaller", help="The budget: so many times smaller than float32.")
    ] = None,
    times_fewer_bops: Annotated[
        float | None,
        typer.Option("--times-fewer-bops", help="The budget: so many times fewer bit operations."),
    ] = None,
    cycles: Annotated[
        int | None, typer.Option("--cycles", help="The budget: so many predicted cycles a frame on --board.")
    ] = None,
    board: Annotated[str, typer.Option("--board", help="Of --cycles.")] = "pynq-z2",
    least: Annotated[int, typer.Option("--least", help="The fewest bits that a layer may get.")] = 2,
    data: TrainedOn = DataSet.DIGITS,
    data_folder: DataFolder = None,
    images: Annotated[int, typer.Option("--images", min=16, help="Validation images to measure on.")] = 256,
    base: Annotated[str, typer.Option("--base", help="The recipe that gets the widths.")] = "int8",
    out: Annotated[Path, typer.Option("--out", help="The recipe to write.")] = Path("mixed.toml"),
    json: Annotated[bool, typer.Option("--json", help="Print widths, losses and figures as JSON.")] = False,
) -> None:
    """Choose a width for each layer by what it loses and what it saves, and write it as a recipe.

    Each layer's loss at each width is measured on validation images; then layers are narrowed, the one that
    loses least for what it saves first, until the budget is met.
    """
    limit = _limit(times_smaller, times_fewer_bops, cycles, board)
    with results_only():
        from twofold.cli.progress_bars import shown
        from twofold.train.teacher import float_network
        from twofold.widths_by_budget import check_base, choose_widths, write_recipe

        check_base(base)
        dataset, trained = float_network(run, str(data), data_folder, network)
        choice = choose_widths(trained, dataset, limit, least, images, shown())
        origin = (
            f"Widths of the layers of {run} for {limit}.",
            f"By twofold widths, on {images} validation images. What is not said here is as in its base.",
        )
        write_recipe(choice, base, out, origin)
    if json:
        print_json({"recipe": str(out), **choice.as_json()})
    else:
        print_rich(f"wrote {out}", _figures(choice), _table(choice))


def _limit(smaller: float | None, fewer: float | None, cycles: int | None, board: str) -> Limit:
    from twofold.widths_by_budget import Cycles, FewerBops, Smaller

    given: list[Limit] = []
    given += [Smaller(smaller)] if smaller is not None else []
    given += [FewerBops(fewer)] if fewer is not None else []
    given += [Cycles(cycles, board)] if cycles is not None else []
    if len(given) != 1:
        raise UserError(
            "budget: expected one of --times-smaller, --times-fewer-bops and --cycles, "
            f"got {len(given) or 'none'}"
        )
    return given[0]


def _figures(choice: Choice) -> str:
    figures = (
        f"{choice.times_smaller:.2f} times smaller, {choice.times_fewer_bops:.2f} times fewer bit operations"
    )
    return figures if choice.cycles is None else f"{figures}, {choice.cycles:,} cycles a frame predicted"


def _table(choice: Choice) -> Table:
    every = sorted({width for by_width in choice.losses.values() for width in by_width})
    table = number_table("layer", "bits", *(f"loss at {width}" for width in every))
    for name, width in choice.widths.items():
        table.add_row(name, str(width), *(f"{choice.losses[name][other]:.4f}" for other in every))
    return table
