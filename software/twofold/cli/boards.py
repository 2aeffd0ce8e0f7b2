"""`twofold boards`: the boards that come with twofold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from twofold.cli.output import print_json, print_rich, results_only, word_table
from twofold.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from twofold.boards.board import Board

EXAMPLE = """Example: twofold boards --for resnet8

Example: twofold boards --for mine.py:Net --shape 1,28,28"""


def boards(
    model: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="A QONNX file, or a network such as resnet8 or FILE.py:NAME: predict engines for it.",
        ),
    ] = None,
    shape: Annotated[
        str | None, typer.Option("--shape", metavar="C,H,W", help="Of the images of such a network.")
    ] = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print all that the boards' files say, sources included, as JSON."),
    ] = False,
) -> None:
    """List the boards that come with twofold: device, clock, resources, how they are flashed.

    With --for, the fastest engine for a model that is predicted to fit each of them.
    """
    if model is not None:
        _predict(model, None if shape is None else _sizes(shape), json)
        return
    if shape is not None:
        raise UserError("shape: expected --for beside it, the network whose images have it, got none")
    from twofold.boards.board_file import board_names, load_board

    found = [load_board(name) for name in board_names()]
    if json:
        from twofold.boards.listing import as_json

        print_json([as_json(board) for board in found])
    else:
        print_rich(_table(found))


def _predict(model: str, shape: tuple[int, int, int] | None, json: bool) -> None:
    with results_only():
        import twofold.api as api
        from twofold.cli.progress_bars import shown

        found = api.predict(model, shown(), shape)
    if json:
        print_json([one.as_json() if one else {"board": name} for name, one in found.items()])
    else:
        from twofold.cli.predictions import prediction_table

        print_rich(prediction_table(found))


def _sizes(text: str) -> tuple[int, int, int]:
    found = re.fullmatch(r"([1-9]\d*),([1-9]\d*),([1-9]\d*)", text)
    if found is None:
        raise UserError(f"shape: expected C,H,W, such as 3,32,32, got {text!r}")
    channels, height, width = map(int, found.groups())
    return channels, height, width


def _table(found: list[Board]) -> Table:
    from twofold.boards.listing import COLUMNS, row

    table = word_table(*COLUMNS)
    for board in found:
        table.add_row(*row(board))
    return table
