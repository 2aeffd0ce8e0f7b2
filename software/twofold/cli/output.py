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


_LOG_WIDTH = 1000
"""Columns of a file or a pipe."""


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
    is_unicode = sys.stdout.encoding.lower().startswith("utf")
    typer.echo(json.dumps(document, indent=2, ensure_ascii=not is_unicode))


def word_table(*columns: str) -> Table:
    """Columns of words. In a narrow terminal a word goes on in the next line, none is cut."""
    from rich import box
    from rich.table import Column, Table

    return Table(*(Column(name, overflow="fold") for name in columns), box=box.SIMPLE_HEAD, pad_edge=False)


def number_table(first: str, *others: str) -> Table:
    """A column of words and, right-aligned, columns of numbers."""
    table = word_table(first)
    for name in others:
        table.add_column(name, justify="right", overflow="fold")
    return table


def print_rich(*renderables: RenderableType) -> None:
    """Tables and styled text; plain where stdout is no terminal, and then a row is a line however long.

    Words are printed as they are: brackets and colons of a path or a layer's name mean nothing, and a path is
    never broken into two lines.
    """
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = _LOG_WIDTH
    for renderable in renderables:
        console.print(renderable, soft_wrap=isinstance(renderable, str))
