"""How a verb fails: one line on stderr and an exit code; a traceback only for our own mistakes.

With --json the line is the value of "error" on stdout too, so that a script always reads JSON there.
"""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
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
        with _ctrl_c() as pressed:
            try:
                verb(*args, **kwargs)
            except KeyboardInterrupt:
                _leave("interrupted", _INTERRUPTED, json)
            except BrokenPipeError:  # whoever read stdout has enough; click ends the process quietly
                raise
            except Exception as error:
                if pressed.is_set():
                    _leave("interrupted", _INTERRUPTED, json)
                if not isinstance(error, UserError | OSError):
                    raise
                _leave(f"error: {' '.join(str(error).split())}", _USER_ERROR, json)

    return wrapper


@contextmanager
def _ctrl_c() -> Iterator[Event]:
    """Set once Ctrl-C was pressed.

    Compiled modules whose import is interrupted may raise any error instead of KeyboardInterrupt.
    """
    pressed = Event()
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # ignored, as of a job behind &
        yield pressed
        return

    def note(number: int, frame: FrameType | None) -> None:
        pressed.set()
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(line: str, code: int, json: bool) -> NoReturn:
    typer.echo(line, err=True)
    if json:
        print_json({"error": line.removeprefix("error: ")})
    raise typer.Exit(code)
