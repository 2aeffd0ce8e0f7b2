"""What Yosys does to a design for each family of devices."""

from __future__ import annotations

import re

from twofold.errors import UserError

_COMMANDS = {
    "xc7": "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -abc9",
    "xcup": "synth_xilinx -family xcup -flatten -noiopad -noclkbuf -abc9",
    "ecp5": "synth_ecp5",
}
_FIRST_WITH_ABC = {"xc7": "map_luts", "xcup": "map_luts", "ecp5": "map_gates"}
FAMILIES = tuple(_COMMANDS)
"""7 series, UltraScale+ and Lattice ECP5."""
_SOFT = "soft_multiplier"
_MULTIPLIER = re.compile(r"^  cell \$mul ", re.MULTILINE)
_BLOCK = 18
"""Bits of a multiplier's operands on ECP5."""


def with_soft_multipliers(rtlil: str, blocks: int) -> str:
    """RTLIL text in which the first multipliers are marked to be made of LUTs, all but `blocks` of them."""
    marked = len(_MULTIPLIER.findall(rtlil)) - blocks
    if marked <= 0:
        return rtlil
    return _MULTIPLIER.sub(lambda cell: f"  attribute \\{_SOFT} 1\n{cell[0]}", rtlil, count=marked)


def passes(family: str, top: str, wire_delay: int | None = None) -> list[str]:
    """Commands from a design that was read to its netlist of the family's cells, flat.

    wire_delay: ps on the way to each LUT, of AMD's families; None for Yosys's own, 300. With more of it fewer
    LUTs follow each other where there is time for several fast ones. Raises UserError for a family that is
    not supported.
    """
    if family not in _COMMANDS:
        raise UserError(f"expected a family among {', '.join(FAMILIES)}, got {family!r}")
    flow = f"{_COMMANDS[family]} -top {top}"
    # Hidden names keep abc9 from an assertion on wires of one name (Yosys issue 4349).
    step = _FIRST_WITH_ABC[family]
    wires = [f"scratchpad -set synth_xilinx.abc9.W {wire_delay}"] if wire_delay is not None else []
    return [*wires, f"{flow} -run begin:{step}", "rename -hide w:*", f"{flow} -run {step}:"]


def soft_passes(top: str) -> list[str]:
    """As `passes` for ECP5, with a block for each multiplier at most, and none for those that are marked.

    Of an operand wider than a block, the bits beyond are multiplied in LUTs.
    """
    flow = f"{_COMMANDS['ecp5']} -top {top}"
    first, *rest = passes("ecp5", top)
    widths = {"A_MAXWIDTH": _BLOCK, "B_MAXWIDTH": _BLOCK, "A_MINWIDTH": _BLOCK // 2, "B_MINWIDTH": 2}
    defined = " ".join(f"-D DSP_{name}={bits}" for name, bits in widths.items())
    soften = [
        *(f"{flow} -run begin:coarse", "proc", "flatten", "opt_expr", "opt_clean", "wreduce", "opt_clean"),
        f"chtype -set $__soft_mul a:{_SOFT}=1",
        f"techmap -map +/mul2dsp.v {defined} -D DSP_NAME=$__MUL18X18",
    ]
    return [*soften, first.replace("begin:", "coarse:"), *rest]
