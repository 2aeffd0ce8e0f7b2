"""A model of Vivado, as far as our scripts need it: it knows files, cells and runs, and refuses mistakes.

It does what can be told without Vivado: commands, options, counts of arguments, files that must exist,
objects that must have been created, the order of the flow, and a block design's connections. What it
writes in place of Vivado's results are empty files.
"""

from __future__ import annotations

from collections.abc import Sequence

from twofold.boards.vivado_check.run_commands import RunCommands
from twofold.boards.vivado_check.syntax import Call, parse


class Vivado(RunCommands):
    """Answers the commands of one project's scripts. `calls` records them in order."""

    def __init__(self, part: str, *, board_part: str = "", slack: str = "0.5", hold: str = "0.1"):
        """board_part: the board files that are installed. slack, hold: what implementation will reach."""
        super().__init__(part, board_part, slack, hold)
        self.calls: list[Call] = []

    def answer(self, words: Sequence[str]) -> str:
        """The result of one command. Raises TclError where Vivado would end the script."""
        call = parse(words)
        self.calls.append(call)
        method = getattr(self, f"_{call.name.replace('::', '_')}")
        return str(method(call) or "")
