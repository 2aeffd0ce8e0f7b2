"""What goes where: results on stdout, progress and the talk of tools on stderr."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


@contextmanager
def results_only() -> Iterator[None]:
    """Inside, whatever libraries and child processes print on stdout goes to stderr.

    A script that reads stdout then gets the result, printed after the block, and nothing else.
    """
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        # C code buffers by itself; without this its output would come out on stdout after all.
        ctypes.CDLL(None).fflush(None)
        os.dup2(stdout, 1)
        os.close(stdout)


def print_json(document: Any) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def word_table(*columns: str) -> Table:
    """Columns of words."""
    from rich import box
    from rich.table import Table

    return Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)


def number_table(first: str, *others: str) -> Table:
    """A column of words and, right-aligned, columns of numbers."""
    table = word_table(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def print_rich(*renderables: RenderableType) -> None:
    """Tables and styled text; plain where stdout is no terminal, and then never cut to its width."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    for renderable in renderables:
        console.print(renderable, highlight=False)
