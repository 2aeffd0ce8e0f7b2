"""The errors that a user can act on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """Bad input or a missing tool. The message is one line: what was expected, what came, what to do.

    The command line prints it without a traceback and exits with code 2.
    """


@contextmanager
def ends_in_a_line() -> Iterator[None]:
    """Around a bench: a UserError becomes a line on stderr and exit code 2, as for the command line.

    Also a decorator: `@ends_in_a_line()`.
    """
    try:
        yield
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
