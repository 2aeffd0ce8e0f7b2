"""What an HLS project for a board is generated with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from twofold.boards.board import Board
from twofold.errors import UserError
from twofold.hls.budget import Budget
from twofold.hls.options import HlsBackend, HlsOptions, HlsStrategy
from twofold.hls.types import IoType

KERNEL_FLOW = "Kernel"
"""hls4ml's Vitis backend behind a kernel of ours, for any board (`twofold.boards.kernel_design`)."""

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True)
class HlsChoices:
    """Words for `HlsOptions`: hls4ml's backend, how tensors move between layers, how layers multiply."""

    flow: str = HlsBackend.VITIS
    io: str = IoType.STREAM
    strategy: str = HlsStrategy.BUDGET


def hls_options(board: Board, choices: HlsChoices) -> HlsOptions:
    """Part, clock and budget of `board`. Raises UserError for what cannot be built."""
    resources, backend = board.resources, _word("flow", choices.flow, HlsBackend)
    return HlsOptions(
        backend,
        _word("io", choices.io, IoType),
        _word("strategy", choices.strategy, HlsStrategy),
        board.part,
        1000 / board.clock.frequency_mhz,
        Budget.of_device(resources.dsp, resources.lut, resources.bram36),
        board=board.name if backend is HlsBackend.VIVADO_ACCELERATOR else None,
    )


def kernel_options(board: Board, choices: HlsChoices) -> HlsOptions:
    """Of Vitis's core behind a kernel, which reads streams. Raises UserError for another choice."""
    if choices.io != IoType.STREAM:
        raise UserError(f"io: expected {IoType.STREAM} with the flow {KERNEL_FLOW}, got {choices.io!r}")
    return hls_options(board, replace(choices, flow=HlsBackend.VITIS))


def _word(what: str, word: str, words: type[Word]) -> Word:
    try:
        return words(word)
    except ValueError:
        raise UserError(f"{what}: expected one of {', '.join(words)}, got {word!r}") from None
