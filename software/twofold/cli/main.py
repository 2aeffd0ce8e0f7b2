"""The command line `twofold`: one file a verb, which imports what it needs when it runs."""

from __future__ import annotations

import os
import sys
import warnings
from importlib.metadata import version
from typing import Annotated

import typer

from twofold.cli import (
    boards,
    build,
    criteria,
    declare,
    demo,
    doctor,
    evaluate,
    export,
    filters,
    flash,
    models,
    show,
    sparsity,
    sweep,
    synth,
    tables,
    train,
    verify,
    widths,
)
from twofold.cli.failures import reported

app = typer.Typer(
    name="twofold",
    help="A PyTorch network in, an FPGA accelerator out, every step checked to compute the same integers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"twofold {version('twofold')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """What is asked of twofold itself, before any verb."""


TRAINING, CHECKING, HARDWARE = "Train and compress", "Look and check", "Build hardware"
"""Headings of the verbs in the help."""

app.command(epilog=demo.EXAMPLE)(reported(demo.demo))
app.command(epilog=doctor.EXAMPLE)(reported(doctor.doctor))
app.command(epilog=train.EXAMPLE, rich_help_panel=TRAINING)(reported(train.train))
app.command(epilog=sweep.EXAMPLE, rich_help_panel=TRAINING)(reported(sweep.sweep))
app.command(epilog=widths.EXAMPLE, rich_help_panel=TRAINING)(reported(widths.widths))
app.command(epilog=criteria.EXAMPLE, rich_help_panel=TRAINING)(reported(criteria.criteria))
app.command(epilog=filters.EXAMPLE, rich_help_panel=TRAINING)(reported(filters.filters))
app.command(epilog=sparsity.EXAMPLE, rich_help_panel=TRAINING)(reported(sparsity.sparsity))
app.command(epilog=export.EXAMPLE, rich_help_panel=TRAINING)(reported(export.export))
app.command(epilog=models.EXAMPLE, rich_help_panel=CHECKING)(reported(models.models))
app.command(epilog=declare.EXAMPLE, rich_help_panel=CHECKING)(reported(declare.declare))
app.command(epilog=show.EXAMPLE, rich_help_panel=CHECKING)(reported(show.show))
app.command(epilog=verify.EXAMPLE, cls=verify.Command, rich_help_panel=CHECKING)(reported(verify.verify))
app.command(epilog=evaluate.EXAMPLE, rich_help_panel=CHECKING)(reported(evaluate.evaluate))
app.command(epilog=tables.EXAMPLE, rich_help_panel=CHECKING)(reported(tables.tables))
app.command(epilog=boards.EXAMPLE, rich_help_panel=HARDWARE)(reported(boards.boards))
app.command(epilog=synth.EXAMPLE, rich_help_panel=HARDWARE)(reported(synth.synth))
app.command(epilog=build.EXAMPLE, rich_help_panel=HARDWARE)(reported(build.build))
app.command(epilog=flash.EXAMPLE, rich_help_panel=HARDWARE)(reported(flash.flash))


def main() -> None:
    # Warnings of libraries are for programmers; python -W and PYTHONWARNINGS bring them back.
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
        # Of the processes that are started, too.
        os.environ["PYTHONWARNINGS"] = "ignore"
    # A terminal that has no ✓ shows a question mark.
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    app()


if __name__ == "__main__":
    main()
