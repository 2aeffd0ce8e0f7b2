"""The errors that a user can act on."""

from __future__ import annotations


class UserError(Exception):
    """Bad input or a missing tool. The message is one line: what was expected, what came, what to do.

    The command line prints it without a traceback and exits with code 2.
    """
