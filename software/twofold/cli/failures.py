"""How a verb fails: one line on stderr and an exit code; a traceback only for our own mistakes.

With --json the line is the value of "error" on stdout too, so that a script always reads JSON there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NoReturn, ParamSpec

import typer

from twofold.cli.output import print_json
from twofold.errors import UserError

P = ParamSpec("P")

FOUND_WRONG = 1
"""Exit code of a verb that did its work and found something wrong."""
_USER_ERROR = 2
_INTERRUPTED = 130


def reported(verb: Callable[P, None]) -> Callable[P, None]:
    """Turns what a user can act on, and Ctrl-C, into a line and an exit code."""

    @functools.wraps(verb)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        json = bool(kwargs.get("json"))
        try:
            verb(*args, **kwargs)
        except KeyboardInterrupt:
            _leave("interrupted", _INTERRUPTED, json)
        except BrokenPipeError:  # whoever read stdout has enough; click ends the process quietly
            raise
        except (UserError, OSError) as error:
            _leave(f"error: {' '.join(str(error).split())}", _USER_ERROR, json)

    return wrapper


def _leave(line: str, code: int, json: bool) -> NoReturn:
    typer.echo(line, err=True)
    if json:
        print_json({"error": line.removeprefix("error: ")})
    raise typer.Exit(code)
