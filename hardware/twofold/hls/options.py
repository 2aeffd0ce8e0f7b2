"""The choices that a project is generated with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version

from twofold.errors import UserError
from twofold.hls.budget import ZYNQ_7020, Budget
from twofold.hls.types import IoType

ACCELERATOR_PARTS = {"pynq-z2": "xc7z020clg400-1", "zcu102": "xczu9eg-ffvb1156-2-e"}
"""Boards of hls4ml's VivadoAccelerator flow that have a processing system, and their parts."""


class HlsBackend(StrEnum):
    """hls4ml's flows: a core for Vitis HLS or Vivado HLS, or one for Vivado HLS with AXI for a board."""

    VITIS = "Vitis"
    VIVADO = "Vivado"
    VIVADO_ACCELERATOR = "VivadoAccelerator"


class HlsStrategy(StrEnum):
    """How layers multiply.

    budget: a layer is parallel if the device has room, else as `resource`. latency: all products of a
    layer at once. resource: multipliers are used again over several cycles. distributed_arithmetic: da4ml's
    adders, shared by all constant weights of a layer.
    """

    BUDGET = "budget"
    LATENCY = "latency"
    RESOURCE = "resource"
    DISTRIBUTED_ARITHMETIC = "distributed_arithmetic"


@dataclass(frozen=True)
class HlsOptions:
    """part: Xilinx part number; the board's, where there is a board. clock_ns: target period.

    budget: what the layers may take, for the strategies `budget` and `resource`. frame_cycles: clock cycles
    that a frame may take at most; None: the fastest network that fits. board: of the VivadoAccelerator flow.
    Raises UserError for values and combinations that cannot be built.
    """

    backend: HlsBackend = HlsBackend.VITIS
    io: IoType = IoType.STREAM
    strategy: HlsStrategy = HlsStrategy.BUDGET
    part: str = "xc7z020clg400-1"
    clock_ns: float = 10
    budget: Budget = ZYNQ_7020
    board: str | None = None
    frame_cycles: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.clock_ns < math.inf:
            raise UserError(f"clock period: expected more than 0 ns, got {self.clock_ns}")
        if self.backend is HlsBackend.VIVADO_ACCELERATOR:
            self._check_accelerator()
        elif self.board is not None:
            raise UserError(
                f"board: expected none for {self.backend}, got {self.board}; leave it out, or choose "
                f"{HlsBackend.VIVADO_ACCELERATOR}"
            )

    def _check_accelerator(self) -> None:
        if self.board not in ACCELERATOR_PARTS:
            known = ", ".join(ACCELERATOR_PARTS)
            raise UserError(f"board: expected one of {known} for {self.backend}, got {self.board}")
        if self.part != ACCELERATOR_PARTS[self.board]:
            raise UserError(
                f"part: expected {ACCELERATOR_PARTS[self.board]} for {self.board}, got {self.part}"
            )
        if self.strategy is HlsStrategy.DISTRIBUTED_ARITHMETIC:
            raise UserError(
                f"strategy: expected {HlsStrategy.BUDGET}, {HlsStrategy.LATENCY} or {HlsStrategy.RESOURCE} "
                f"for {self.backend}, got {self.strategy}: hls4ml generates it for Vitis and Vivado only; "
                f"choose one of these backends"
            )

    @property
    def hls4ml_version(self) -> str:
        return version("hls4ml")
