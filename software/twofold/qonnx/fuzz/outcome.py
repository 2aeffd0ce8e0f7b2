"""What may come of a mutant."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """REFUSED: one line for the user. ACCEPTED: imported, not compared with the executor. CHECKED: compared,
    every integer equal. UNCHECKED: imported, but the executor does not run it. The others are faults: a wrong
    integer, an error that is none of ours, the end of the process, too much time or memory, a file outside of
    the folder.
    """

    REFUSED = "refused"
    ACCEPTED = "accepted"
    CHECKED = "checked"
    UNCHECKED = "unchecked"
    WRONG = "wrong"
    ERROR = "error"
    CRASH = "crash"
    HANG = "hang"
    MEMORY = "memory"
    OUTSIDE = "outside"


FAULTS = (Outcome.WRONG, Outcome.ERROR, Outcome.CRASH, Outcome.HANG, Outcome.MEMORY, Outcome.OUTSIDE)
