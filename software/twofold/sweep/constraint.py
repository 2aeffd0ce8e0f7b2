"""A board's budget as a constraint: the device holds the engine, and the engine is fast enough."""

from __future__ import annotations

from dataclasses import dataclass

from twofold.boards.board_file import load_board
from twofold.boards.choose import Prediction, budget, engines, fastest, fitting
from twofold.errors import UserError
from twofold.network.graph import Network

#: The violation of a network that has no engine: all of its frames are missing.
NO_ENGINE = 1.0


@dataclass(frozen=True)
class BoardBudget:
    """board: as of `load_board`; frames_per_second: at least so many, None if fitting is enough.

    Raises UserError for a board that does not exist and for a target of no frames.
    """

    board: str
    frames_per_second: float | None = None

    def __post_init__(self) -> None:
        load_board(self.board)
        if self.frames_per_second is not None and not self.frames_per_second > 0:
            raise UserError(f"frames_per_second: expected more than 0, got {self.frames_per_second:g}")

    def best(self, network: Network) -> Prediction | None:
        """The fastest engine that fits the board, None if none does. Raises UserError as `engines`."""
        board = load_board(self.board)
        found = fitting(board, engines(network, board.family, budget(board)))
        return fastest(found) if found else None

    def violation(self, best: Prediction | None) -> float:
        """The share of the frames that is missing; at most 0 if none is, 1 if no engine fits."""
        if best is None:
            return NO_ENGINE
        if self.frames_per_second is None:
            return 0.0
        return 1 - best.frames_per_second / self.frames_per_second
