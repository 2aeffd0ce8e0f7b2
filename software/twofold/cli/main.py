"""The command line `twofold`: one file a verb, which imports what it needs when it runs."""

from __future__ import annotations

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


app.command(epilog=doctor.EXAMPLE)(reported(doctor.doctor))
app.command(epilog=train.EXAMPLE)(reported(train.train))
app.command(epilog=sweep.EXAMPLE)(reported(sweep.sweep))
app.command(epilog=criteria.EXAMPLE)(reported(criteria.criteria))
app.command(epilog=widths.EXAMPLE)(reported(widths.widths))
app.command(epilog=filters.EXAMPLE)(reported(filters.filters))
app.command(epilog=sparsity.EXAMPLE)(reported(sparsity.sparsity))
app.command(epilog=export.EXAMPLE)(reported(export.export))
app.command(epilog=declare.EXAMPLE)(reported(declare.declare))
app.command(epilog=models.EXAMPLE)(reported(models.models))
app.command(epilog=show.EXAMPLE)(reported(show.show))
app.command(epilog=verify.EXAMPLE, cls=verify.Command)(reported(verify.verify))
app.command(epilog=evaluate.EXAMPLE)(reported(evaluate.evaluate))
app.command(epilog=boards.EXAMPLE)(reported(boards.boards))
app.command(epilog=build.EXAMPLE)(reported(build.build))
app.command(epilog=flash.EXAMPLE)(reported(flash.flash))
app.command(epilog=synth.EXAMPLE)(reported(synth.synth))
app.command(epilog=tables.EXAMPLE)(reported(tables.tables))
app.command(epilog=demo.EXAMPLE)(reported(demo.demo))


def main() -> None:
    # Warnings of libraries are for programmers; python -W and PYTHONWARNINGS bring them back.
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    app()


if __name__ == "__main__":
    main()
