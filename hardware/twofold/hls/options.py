"""The choices that a project is generated with."""

from __future__ import annotations

from dataclasses import dataclass

from twofold.errors import UserError
from twofold.hls.types import IoType

# Vitis HLS splits arrays of at most this many elements into registers.
MULTIPLIERS_MAX = 4096


@dataclass(frozen=True)
class HlsOptions:
    """part: Xilinx part number. clock_ns: target period. multipliers: most of them in one layer."""

    io: IoType
    part: str
    clock_ns: float
    multipliers: int
    hls4ml_version: str

    def __post_init__(self) -> None:
        if not 1 <= self.multipliers <= MULTIPLIERS_MAX:
            raise UserError(f"multipliers: expected 1 to {MULTIPLIERS_MAX}, got {self.multipliers}")
        if self.clock_ns <= 0:
            raise UserError(f"clock period: expected more than 0 ns, got {self.clock_ns}")
