"""What an HLS project for a board is generated with, and what is predicted of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from twofold.boards.board import Board
from twofold.errors import UserError
from twofold.hls.budget import Budget
from twofold.hls.many_thresholds import with_multipliers
from twofold.hls.options import HlsBackend, HlsOptions, HlsStrategy
from twofold.hls.sizes import check_sizes
from twofold.hls.strategy import choose
from twofold.hls.support import check_support
from twofold.hls.types import IoType
from twofold.network.graph import Network

KERNEL_FLOW = "Kernel"
"""hls4ml's Vitis backend behind a kernel of ours, for any board (`twofold.boards.kernel_design`)."""

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True)
class HlsChoices:
    """Words for `HlsOptions`: hls4ml's backend, how tensors move between layers, how layers multiply.

    part, clock_ns: of Vitis and Vivado, in place of the board's.
    """

    flow: str = HlsBackend.VITIS
    io: str = IoType.STREAM
    strategy: str = HlsStrategy.BUDGET
    part: str | None = None
    clock_ns: float | None = None


DEFAULT_HLS = HlsChoices()


@dataclass(frozen=True)
class HlsPrediction:
    """Counted, not synthesised. frame_cycles: of the slowest layer, about. cost: of what multiplies and
    compares; None where all products of a layer are computed at once, whose cost is not counted.
    """

    board: Board
    part: str
    clock_mhz: float
    frame_cycles: int
    cost: Budget | None

    @property
    def frames_per_second(self) -> float:
        return self.clock_mhz * 1e6 / max(1, self.frame_cycles)

    @property
    def line(self) -> str:
        """For people."""
        every = "cycle" if self.frame_cycles <= 1 else f"{self.frame_cycles:,} cycles"
        cost = f"multipliers and thresholds take {self.cost}" if self.cost else "area is not predicted"
        rate = f"{self.frames_per_second:,.0f} frames a second at {self.clock_mhz:g} MHz"
        known = f"a frame about every {every}, {rate}; {cost}"
        return f"predicted, not synthesised: {known}; latency is not predicted"

    def as_json(self) -> dict[str, Any]:
        return {
            "board": self.board.name,
            "part": self.part,
            "frame_cycles": self.frame_cycles,
            "frames_per_second": round(self.frames_per_second, 1),
            "clock_mhz": self.clock_mhz,
            "resources": asdict(self.cost) if self.cost else None,
        }


def predict_hls(network: Network, board: Board, options: HlsOptions) -> HlsPrediction:
    """Raises as generating the project does: NetworkError for what cannot be built, UserError for what does
    not fit.
    """
    network = with_multipliers(network)
    check_support(network, options)
    check_sizes(network, options)
    chosen = choose(network, options)
    cost = chosen.proposal.cost if chosen.proposal else None
    return HlsPrediction(board, options.part, 1000 / options.clock_ns, chosen.cycles, cost)


def fast_enough(network: Network, board: Board, options: HlsOptions, target_fps: float) -> HlsOptions:
    """Options with which the cheapest layers are chosen that are predicted to do `target_fps`.

    Raises as `predict_hls`, and UserError with the best there is if nothing that fits is fast enough.
    """
    if not target_fps > 0:
        raise UserError(f"target: expected more than 0 frames a second, got {target_fps:g}")
    best = predict_hls(network, board, options)
    if best.frames_per_second < target_fps:
        raise UserError(
            f"{network.name}: expected {target_fps:g} frames a second on {board.title} at "
            f"{best.clock_mhz:g} MHz; the best that fits does about {best.frames_per_second:,.0f} "
            f"({best.frame_cycles:,} cycles a frame): lower --target-fps, or choose a larger board"
        )
    return replace(options, frame_cycles=int(best.clock_mhz * 1e6 // target_fps))


def options_of(board: Board, choices: HlsChoices) -> HlsOptions:
    """For hls4ml's own flows and the kernel's. Raises UserError for what cannot be built."""
    return (kernel_options if choices.flow == KERNEL_FLOW else hls_options)(board, choices)


def hls_options(board: Board, choices: HlsChoices) -> HlsOptions:
    """Part and clock of `board`, unless chosen, and its budget. Raises UserError for what cannot be built."""
    resources, backend = board.resources, _word("flow", choices.flow, HlsBackend)
    strategy = _word("strategy", choices.strategy, HlsStrategy)
    if choices.part is not None and strategy in (HlsStrategy.BUDGET, HlsStrategy.RESOURCE):
        raise UserError(
            f"strategy: expected {HlsStrategy.LATENCY} or {HlsStrategy.DISTRIBUTED_ARITHMETIC} for the part "
            f"{choices.part}, whose resources are not known, got {strategy}; or give a board file of yours"
        )
    return HlsOptions(
        backend,
        _word("io", choices.io, IoType),
        strategy,
        choices.part or board.part,
        1000 / board.clock.frequency_mhz if choices.clock_ns is None else choices.clock_ns,
        Budget.of_device(resources.dsp, resources.lut, resources.bram36),
        board=board.name if backend is HlsBackend.VIVADO_ACCELERATOR else None,
    )


def simulated_options(choices: HlsChoices) -> HlsOptions:
    """Of the layers alone, for C simulation; no board. Raises UserError for words that do not exist."""
    return HlsOptions(
        io=_word("io", choices.io, IoType), strategy=_word("strategy", choices.strategy, HlsStrategy)
    )


def kernel_options(board: Board, choices: HlsChoices) -> HlsOptions:
    """Of Vitis's core behind a kernel, which reads streams. Raises UserError for another choice."""
    if choices.io != IoType.STREAM:
        raise UserError(f"io: expected {IoType.STREAM} with the flow {KERNEL_FLOW}, got {choices.io!r}")
    if (choices.part, choices.clock_ns) != (None, None):
        raise UserError(f"part, clock: expected the board's with the flow {KERNEL_FLOW}; leave them out")
    return hls_options(board, replace(choices, flow=HlsBackend.VITIS))


def _word(what: str, word: str, words: type[Word]) -> Word:
    try:
        return words(word)
    except ValueError:
        raise UserError(f"{what}: expected one of {', '.join(words)}, got {word!r}") from None
