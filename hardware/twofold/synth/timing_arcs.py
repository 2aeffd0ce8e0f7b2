"""Which inputs of a cell of AMD's slices reach which outputs without a clock (AMD UG474, UG574, UG953)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import product
from typing import Any

from twofold.errors import UserError

Pin = tuple[str, int]
"""Name of a port of a cell, and which of its bits."""


class Step(Enum):
    """What a signal passes between two pins; the multiplexers beside LUTs are part of these."""

    LUT = auto()
    CARRY = auto()
    WIRE = auto()


@dataclass(frozen=True)
class Arc:
    source: Pin
    target: Pin
    step: Step


_LUT = re.compile(r"LUT[1-6]|INV")
_CARRY = re.compile(r"CARRY[48]")
_WIDE_MUX = re.compile(r"MUXF[789]")
_REGISTER = re.compile(r"FD[RSCP]E(_1)?|RAMB(18|36)E[12]|URAM288(_BASE)?")
_DSP = re.compile(r"DSP48E[12]")
_SHIFT_REGISTER = re.compile(r"SRLC?(16|32)E")
_MEMORY = re.compile(r"RAM(32|64)(M|M16|M8|X1D|X1S)")
_ADDRESS_OF = {"SPO": "A", "DPO": "DPRA", "O": "A", "Q": "A"}


def is_clocked(cell: Mapping[str, Any]) -> bool:
    """Whether paths end at the cell's inputs and begin at its outputs.

    Raises UserError for a cell that is not known, and for a DSP block that multiplies and adds without a
    register.
    """
    kind = cell["type"]
    if _DSP.fullmatch(kind):
        if not any(int(cell["parameters"][name], 2) for name in ("MREG", "PREG")):
            raise UserError(f"expected {kind} with a register behind its multiplier, found one without")
        return True
    if any(pattern.fullmatch(kind) for pattern in (_REGISTER, _SHIFT_REGISTER, _MEMORY)):
        return True
    if any(pattern.fullmatch(kind) for pattern in (_LUT, _CARRY, _WIDE_MUX)) or kind == "LUT6_2":
        return False
    raise UserError(f"expected cells of xc7 or xcup, found {kind}, whose depth is not known")


def arcs(cell: Mapping[str, Any]) -> Iterator[Arc]:
    """All arcs of a known cell; reading a memory in LUTs is a LUT from its address on."""
    kind = cell["type"]
    if kind == "LUT6_2":
        yield from _dual_lut(cell)
    elif _CARRY.fullmatch(kind):
        yield from _carry(cell)
    elif _SHIFT_REGISTER.fullmatch(kind) or _MEMORY.fullmatch(kind):
        yield from _reads(cell)
    elif _LUT.fullmatch(kind) or _WIDE_MUX.fullmatch(kind):
        step = Step.LUT if _LUT.fullmatch(kind) else Step.WIRE
        yield from (Arc(source, ("O", 0), step) for source in _pins(cell, "input"))


def _pins(cell: Mapping[str, Any], direction: str) -> list[Pin]:
    names = [name for name, way in cell["port_directions"].items() if way == direction]
    return [(name, bit) for name in names for bit in range(len(cell["connections"][name]))]


def _dual_lut(cell: Mapping[str, Any]) -> Iterator[Arc]:
    """Of each of the two functions only the inputs that it depends on."""
    table = cell["parameters"]["INIT"][::-1].ljust(64, "0")
    nets = [cell["connections"][f"I{pin}"][0] for pin in range(6)]
    for name, pins in (("O5", 5), ("O6", 6)):
        for pin in _support(table[: 1 << pins], nets[:pins]):
            yield Arc((f"I{pin}", 0), (name, 0), Step.LUT)


def _support(table: str, nets: Sequence[int | str]) -> list[int]:
    """Inputs that can change the value of a table, given those that are constant."""
    choices = [(int(net),) if net in ("0", "1") else (0, 1) for net in reversed(nets)]
    reachable = [sum(bit << place for place, bit in enumerate(bits[::-1])) for bits in product(*choices)]
    free = [pin for pin, choice in enumerate(reversed(choices)) if len(choice) == 2]
    return [pin for pin in free if any(table[index] != table[index ^ 1 << pin] for index in reachable)]


def _carry(cell: Mapping[str, Any]) -> Iterator[Arc]:
    """Bit i reaches the sums and carries from i on; its DI only the sums after its own."""
    bits = len(cell["connections"]["S"])
    for source in _pins(cell, "input"):
        name, first = source
        first = 0 if name in ("CI", "CYINIT", "CI_TOP") else first
        for bit in range(first, bits):
            yield Arc(source, ("CO", bit), Step.CARRY)
            if name != "DI" or bit > first:
                yield Arc(source, ("O", bit), Step.CARRY)


def _reads(cell: Mapping[str, Any]) -> Iterator[Arc]:
    inputs = _pins(cell, "input")
    for target in _pins(cell, "output"):
        name = target[0]
        address = f"ADDR{name[2:]}" if name.startswith("DO") else _ADDRESS_OF.get(name, "")
        for source in inputs:
            if address and re.fullmatch(rf"{address}\d*", source[0]):
                yield Arc(source, target, Step.LUT)
