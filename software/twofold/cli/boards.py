"""`twofold boards`: the boards that come with twofold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from twofold.cli.output import print_json, print_rich

if TYPE_CHECKING:
    from rich.table import Table

    from twofold.boards.board import Board

EXAMPLE = "Example: twofold boards --json"


def boards(
    json: Annotated[
        bool,
        typer.Option("--json", help="Print all that the boards' files say, sources included, as JSON."),
    ] = False,
) -> None:
    """List the boards that come with twofold: device, clock, resources, how they are flashed."""
    from twofold.boards.board_file import board_names, load_board

    found = [load_board(name) for name in board_names()]
    if json:
        from twofold.boards.listing import as_json

        print_json([as_json(board) for board in found])
    else:
        print_rich(_table(found))


def _table(found: list[Board]) -> Table:
    from rich import box
    from rich.table import Table

    from twofold.boards.listing import COLUMNS, row

    table = Table(*COLUMNS, box=box.SIMPLE_HEAD, pad_edge=False)
    for board in found:
        table.add_row(*row(board))
    return table
