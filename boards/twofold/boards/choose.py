"""The engine for a network on a board: the smallest that is fast enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from twofold.boards.board import Board, Resources
from twofold.boards.systems import Fabric
from twofold.errors import UserError
from twofold.network.graph import Network
from twofold.plan.area.capacity import excess, predicted_area
from twofold.plan.area.engine import EngineArea
from twofold.plan.area.fit import check_fits
from twofold.plan.program import Program
from twofold.plan.propose import PREFERENCE, propose
from twofold.plan.schedule import plan
from twofold.plan.smallest import lanes_for, smallest
from twofold.rtl.geometry import TILES, Geometry, PeName
from twofold.rtl.primitives.family import Family

PREFERENCES = (PREFERENCE, (PeName.LUT_DA, PeName.INT8_DSP, PeName.INT_MUL))
"""Shifts and DSP blocks, or tables in LUT memories and DSP blocks; LUTs multiply what neither holds."""

LUT_SHARE = 0.9
"""Of the device's LUTs. The rest is for interconnects, which are not predicted, and for routing."""

BLOCK_RAM_BYTES = 4096
"""Of data in a block RAM of 36 kbit, without its parity bits."""

_UART_BITS = 10
"""Of a byte on the wire: start, eight of data, stop."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """An engine with its program on a board, before anything is built.

    frame_cycles: of a frame among others, transfers included. latency_cycles: of a single frame, start to
    done, without the loading of the program and the weights.
    """

    board: Board
    program: Program
    area: EngineArea

    @classmethod
    def of(cls, board: Board, program: Program) -> Prediction:
        return cls(board, program, predicted_area(program.geometry))

    @property
    def geometry(self) -> Geometry:
        return self.program.geometry

    @property
    def frame_cycles(self) -> int:
        return self.program.frame_cycles

    @property
    def latency_cycles(self) -> int:
        return self.program.last_frame_cycles

    @property
    def clock_hz(self) -> float:
        return self.board.clock.frequency_mhz * 1e6

    @property
    def frames_per_second(self) -> float:
        """Of the engine, whose memory holds the frames."""
        return self.clock_hz / self.frame_cycles

    @property
    def link_frames_per_second(self) -> float | None:
        """What the UART carries of frames and results; None on boards whose frames are in memory anyway."""
        system = self.board.system
        if not isinstance(system, Fabric):
            return None
        return system.baud / _UART_BITS / (self.program.input_stride + self.program.output_stride)

    @property
    def latency_us(self) -> float:
        return self.latency_cycles / self.clock_hz * 1e6

    def as_json(self) -> dict[str, Any]:
        return {
            "board": self.board.name,
            "geometry": self.label,
            "frame_cycles": self.frame_cycles,
            "frames_per_second": round(self.frames_per_second, 1),
            "link_frames_per_second": self.link_frames_per_second,
            "latency_us": round(self.latency_us, 1),
            "clock_mhz": self.board.clock.frequency_mhz,
            "resources": asdict(self.area),
        }

    @property
    def label(self) -> str:
        kinds = " + ".join(self.geometry.kinds)
        beside = f", {self.geometry.beside} beside" if self.geometry.beside else ""
        return f"{self.geometry.tiles} × {self.geometry.lanes} lanes, {kinds}{beside}"


def engine_of(network: Network, board: Board, target_fps: float | None = None) -> Prediction:
    """The engine that `build` writes: of `choose` for a target, of `choose_smallest` without.

    Raises UserError as they do.
    """
    return choose_smallest(network, board) if target_fps is None else choose(network, board, target_fps)


def choose(network: Network, board: Board, target_fps: float | None = None) -> Prediction:
    """The engine of the fewest LUTs that is predicted to do `target_fps`; None: of all that fit.

    Raises UserError with the best there is if none is fast enough, or if none fits.
    """
    if target_fps is not None and not target_fps > 0:
        raise UserError(f"target: expected more than 0 frames a second, got {target_fps:g}")
    found = fitting(board, engines(network, board.family, budget(board)))
    if not found:
        raise UserError(
            f"{network.name}: expected an engine that fits {board.title} ({board.device}), found none; "
            "prune the network, or choose a larger board"
        )
    fast = [one for one in found if target_fps is None or one.frames_per_second >= target_fps]
    if fast:
        return min(fast, key=lambda one: one.area.lut + one.area.lutram)
    best = fastest(found)
    raise UserError(
        f"{network.name}: expected {target_fps:g} frames a second on {board.title} at "
        f"{board.clock.frequency_mhz:g} MHz; the best that fits does {best.frames_per_second:,.0f} "
        f"({best.label}, {best.frame_cycles:,} cycles a frame): lower --target-fps, or choose a larger board"
    )


def choose_smallest(network: Network, board: Board) -> Prediction:
    """The engine of the fewest multipliers (`twofold.plan.smallest`), found without trying others.

    Raises UserError if it is predicted not to fit the board's device or memory.
    """
    has = budget(board)
    program = smallest(network, board.family, has)
    check_fits(network, program.geometry, has)
    if memory_bytes(program) > board.memory.bytes:
        raise UserError(
            f"{network.name}: expected program, weights and frames of at most {board.memory.bytes:,} bytes, "
            f"the memory of {board.title}, found {memory_bytes(program):,}; prune the network, or choose a "
            "board with more memory"
        )
    return Prediction.of(board, program)


def fastest(found: Sequence[Prediction]) -> Prediction:
    """Of equals the one of fewer LUTs."""
    return min(found, key=lambda one: (one.frame_cycles, one.area.lut + one.area.lutram))


def engines(network: Network, family: Family, device: Budget) -> tuple[Program, ...]:
    """A program on each geometry that is tried and holds the network. DSP blocks that are taken for speed
    alone fit the device, all else may not. Raises UserError, the last, if no geometry holds it."""
    programs: dict[Geometry, Program] = {}
    refused: UserError | None = None
    for lanes, tiles, preference in product(lanes_for(network), TILES, PREFERENCES):
        for beside in _besides(lanes, tiles, device):
            try:
                geometry = propose(
                    network, lanes, preference, tiles=tiles, family=family, device=device, beside=beside
                )
                programs[geometry] = programs.get(geometry) or plan(network, geometry)
            except UserError as error:
                refused = error
    if not programs and refused is not None:
        raise refused
    return tuple(programs.values())


def _besides(lanes: int, tiles: int, device: Budget) -> tuple[PeName | None, ...]:
    """Layers on one kind, or half of their blocks on DSP blocks, if there are enough: two products each."""
    enough = tiles * lanes**2 // 2 <= device.dsp
    return (None, PeName.INT8_DSP) if enough else (None,)


def fitting(board: Board, programs: Sequence[Program]) -> list[Prediction]:
    """Those that the board's device and memory hold."""
    found = (Prediction.of(board, program) for program in programs)
    return [one for one in found if _fits(one)]


def _fits(found: Prediction) -> bool:
    enough = memory_bytes(found.program) <= found.board.memory.bytes
    return enough and not excess(found.geometry, budget(found.board))


def memory_bytes(program: Program) -> int:
    """Least memory of a run: the program, the weights, and the frames and results of two batches of one."""
    return len(program.code) + len(program.image) + 2 * (program.input_stride + program.output_stride)


@dataclass(frozen=True)
class Budget(Resources):
    """What an engine may take of the device `name`."""

    name: str


def budget(board: Board) -> Budget:
    """What is left of the device for an engine."""
    total = board.resources
    taken = board.memory.bytes // BLOCK_RAM_BYTES if isinstance(board.system, Fabric) else 0
    lut, lutram = int(total.lut * LUT_SHARE), total.lutram
    return Budget(lut, lutram, total.ff, total.dsp, total.bram36 - taken, total.uram, board.device)
