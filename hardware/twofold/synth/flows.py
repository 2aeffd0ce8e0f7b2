"""What Yosys does to a design for each family of devices."""

from __future__ import annotations

from twofold.errors import UserError

_COMMANDS = {
    "xc7": "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -abc9",
    "xcup": "synth_xilinx -family xcup -flatten -noiopad -noclkbuf -abc9",
    "ecp5": "synth_ecp5",
}
FAMILIES = tuple(_COMMANDS)
"""7 series, UltraScale+ and Lattice ECP5."""


def passes(family: str, top: str) -> list[str]:
    """Commands from a design that was read to its netlist of the family's cells, flat.

    Raises UserError for a family that is not supported.
    """
    if family not in _COMMANDS:
        raise UserError(f"expected a family among {', '.join(FAMILIES)}, got {family!r}")
    flow = f"{_COMMANDS[family]} -top {top}"
    if family == "ecp5":
        return [flow]
    # Hidden names keep abc9 from an assertion on wires of one name (Yosys issue 4349).
    return [f"{flow} -run begin:map_luts", "rename -hide w:*", f"{flow} -run map_luts:"]
