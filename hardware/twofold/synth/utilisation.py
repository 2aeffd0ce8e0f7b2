"""Counts of a synthesised netlist, from the cells in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

# LUTs that a memory or shift register cell takes in the slices that can hold them (AMD UG953).
_LUTRAM_CELLS = {
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM32M16": 8,
    "RAM64M8": 8,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "RAM128X1D": 4,
    "RAM32X1S": 1,
    "RAM64X1S": 1,
    "SRL16E": 1,
    "SRLC16E": 1,
    "SRLC32E": 1,
}
_LUT = re.compile(r"LUT[1-6]|LUT6_2")
_CARRY = re.compile(r"CARRY[48]")
_DSP = re.compile(r"DSP48E[12]")
_BLOCK_RAM = re.compile(r"RAMB36E[12]")
_HALF_BLOCK_RAM = re.compile(r"RAMB18E[12]")
_FLIP_FLOP = re.compile(r"FD[RSCP]E(_1)?")


@dataclass(frozen=True)
class Utilisation:
    """Resources of a design and the seconds that its synthesis took.

    lut: LUT1 to LUT6 and LUT6_2, one each; no two small ones are counted as sharing a site.
    lutram: LUTs used as memories and shift registers, counted apart from `lut`. carry: CARRY4 or CARRY8.
    bram36: block RAMs of 36 Kbit, a RAMB18 is half of one. cascaded_dsp: those of `dsp` that take the
    partial sum of another through PCIN.
    """

    lut: int
    lutram: int
    carry: int
    ff: int
    dsp: int
    cascaded_dsp: int
    bram36: float
    seconds: float


def count(cells: Mapping[str, Mapping], seconds: float) -> Utilisation:
    """Utilisation of a flat module of xc7 or xcup; cells: the netlist's, as Yosys writes them to JSON."""
    types = Counter(cell["type"] for cell in cells.values())
    return Utilisation(
        lut=_matching(types, _LUT),
        lutram=sum(size * types[name] for name, size in _LUTRAM_CELLS.items()),
        carry=_matching(types, _CARRY),
        ff=_matching(types, _FLIP_FLOP),
        dsp=_matching(types, _DSP),
        cascaded_dsp=sum(_uses_cascade(cell) for cell in cells.values() if _DSP.fullmatch(cell["type"])),
        bram36=_matching(types, _BLOCK_RAM) + _matching(types, _HALF_BLOCK_RAM) / 2,
        seconds=seconds,
    )


def _matching(types: Counter[str], pattern: re.Pattern[str]) -> int:
    return sum(number for name, number in types.items() if pattern.fullmatch(name))


def _uses_cascade(dsp: Mapping) -> bool:
    return any(isinstance(bit, int) for bit in dsp["connections"].get("PCIN", ()))
