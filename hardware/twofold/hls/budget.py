"""What of a device a project may take, and what the layers' products are counted to take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields

UNROLL_MAX = 4096
"""Vitis HLS and Vivado HLS, as hls4ml sets them, split arrays of at most so many elements into registers.
With more, synthesis stops or does not end."""


@dataclass(frozen=True)
class Budget:
    """DSP blocks, LUTs and 36-kbit block RAMs."""

    dsp: int
    lut: int
    bram36: int

    @classmethod
    def total(cls, costs: Iterable[Budget]) -> Budget:
        return cls(*(sum(counts) for counts in zip((0, 0, 0), *map(astuple, costs), strict=True)))

    @classmethod
    def of_device(cls, dsp: int, lut: int, bram36: int) -> Budget:
        """What layers may take of a device: four fifths of LUTs and RAMs, as streams need the rest."""
        return cls(dsp, lut * 4 // 5, bram36 * 4 // 5)

    def holds(self, cost: Budget) -> bool:
        return all(needed <= there for needed, there in zip(astuple(cost), astuple(self), strict=True))

    def share(self, cost: Budget) -> float:
        """Sum of the used parts of each resource."""
        pairs = zip(astuple(cost), astuple(self), strict=True)
        return float(sum(needed / max(there, 1) for needed, there in pairs))

    def __str__(self) -> str:
        units = {"dsp": "DSP", "lut": "LUT", "bram36": "BRAM36"}
        return ", ".join(f"{getattr(self, field.name):,} {units[field.name]}" for field in fields(self))


ZYNQ_7020 = Budget.of_device(dsp=220, lut=53_200, bram36=140)
"""Of an XC7Z020 (AMD data sheet DS190)."""
