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
_FLIP_FLOP = re.compile(r"FD[RSCP]E(_1)?")


@dataclass(frozen=True)
class Utilisation:
    """Resources of a design and the seconds that its synthesis took.

    lut: LUT1 to LUT6 and LUT6_2, one each; no two small ones are counted as sharing a site.
    lutram: LUTs used as memories and shift registers, counted apart from `lut`. carry: CARRY4.
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
    """Utilisation of a flat xc7 module; cells: the netlist's, as Yosys writes them to JSON."""
    types = Counter(cell["type"] for cell in cells.values())
    return Utilisation(
        lut=_matching(types, _LUT),
        lutram=sum(size * types[name] for name, size in _LUTRAM_CELLS.items()),
        carry=types["CARRY4"],
        ff=_matching(types, _FLIP_FLOP),
        dsp=types["DSP48E1"],
        cascaded_dsp=sum(cell["type"] == "DSP48E1" and _uses_cascade(cell) for cell in cells.values()),
        bram36=types["RAMB36E1"] + types["RAMB18E1"] / 2,
        seconds=seconds,
    )


def _matching(types: Counter[str], pattern: re.Pattern[str]) -> int:
    return sum(number for name, number in types.items() if pattern.fullmatch(name))


def _uses_cascade(dsp: Mapping) -> bool:
    return any(isinstance(bit, int) for bit in dsp["connections"].get("PCIN", ()))
