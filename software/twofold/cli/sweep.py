"""`twofold sweep`: the best of many recipes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twofold.cli.choices import DataFolder, seed_option
from twofold.cli.failures import FOUND_WRONG
from twofold.cli.output import print_json, print_rich, results_only, word_table

if TYPE_CHECKING:
    from rich.table import Table

    from twofold.sweep.crew import Crew
    from twofold.sweep.outcome import Outcome, Row
    from twofold.sweep.run import Swept

EXAMPLE = (
    "Example: twofold sweep digits --workers 2, or on several machines: "
    "twofold sweep mine.toml --storage postgresql://host/sweeps"
)


def sweep(
    file: Annotated[str, typer.Argument(help="A sweep such as digits, or a .toml file of your own.")],
    data_folder: DataFolder = None,
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, help="How many in all, instead of the file's.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes on this machine.")] = 1,
    storage: Annotated[
        str | None,
        typer.Option("--storage", help="Optuna's, for several machines; a SQLite file in OUT if not given."),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option("--ray", help="Run the processes on this Ray cluster: an address, auto or local."),
    ] = None,
    seed: Annotated[int, seed_option("Of the search, and of each training.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder to write; build/sweep/FILE if not given.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print trials, front and checks as JSON.")] = False,
) -> None:
    """Search ratios, widths, criteria and recipes; export and verify the best.

    The same command goes on where an interrupted sweep was; on another machine with the same storage, it
    takes part. Exit code 1 if the best model's integers are not those of the qonnx executor.
    """
    with results_only():
        import twofold.api as api
        from twofold.cli.progress_bars import shown

        folder = out or Path("build/sweep") / Path(file).stem
        crew = _on_ray(ray, storage, workers) if ray is not None else None
        swept, checks = api.sweep(file, folder, seed, data_folder, storage, workers, trials, crew, shown())
    from twofold.golden.compare import Status
    from twofold.report import terminal, wording

    state = wording.overall(checks)
    if json:
        files = {"model": str(swept.model), "recipe": str(swept.recipe), "plot": str(swept.plot)}
        found = {"checks": [check.as_json() for check in checks], "status": str(state)}
        print_json({**swept.outcome.as_json(), **files, **found})
    else:
        print_rich(
            _front(swept.outcome), *_told(swept), terminal.checks_table(checks), terminal.verdict(checks)
        )
    if state is not Status.PASS:
        raise typer.Exit(FOUND_WRONG)


def _on_ray(address: str, storage: str | None, workers: int) -> Crew:
    from twofold.errors import UserError
    from twofold.sweep.ray_crew import LOCAL, on_ray

    if storage is None and address != LOCAL:
        raise UserError("--ray: expected --storage with one that all machines reach, got none")
    return on_ray(address, workers)


def _front(found: Outcome) -> Table:
    table = word_table("front", *map(str, found.objectives), "test accuracy", "frames a second", "parameters")
    for row in found.front:
        table.add_row(*_cells(found, row))
    return table


def _cells(found: Outcome, row: Row) -> tuple[str, ...]:
    values = (o.worded(value) for o, value in zip(found.objectives, row.values, strict=True))
    rate = row.figures.frames_per_second
    settings = ", ".join(f"{key} {value}" for key, value in row.parameters.items())
    return (row.name, *values, f"{row.figures.test_accuracy:.2f}%", f"{rate:,.0f}" if rate else "–", settings)


def _told(swept: Swept) -> list[str]:
    found = swept.outcome
    lines = [f"{row.name}: {_standing(found, row)}" for row in found.rows if row.by_hand]
    lines += [f"trial {failure.slot + 1}: no result: {failure.error}" for failure in found.failures]
    lines += [f"trial {row.slot + 1}: no engine: {row.reason}" for row in found.rows if row.reason]
    tried = f"{len(found.rows)} trials, {len(found.failures)} without a result"
    beyond = sum(not row.feasible for row in found.rows)
    lines.append(f"{tried}, {beyond} beyond the budget; {found.interrupted} were interrupted and run again")
    return [*lines, f"wrote {swept.model}, {swept.recipe}, {swept.plot}"]


def _standing(found: Outcome, row: Row) -> str:
    better = found.dominator(row)
    return "on the front" if better is None else f"dominated by {better.name}"
