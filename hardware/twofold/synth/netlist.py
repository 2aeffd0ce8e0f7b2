"""Mapped netlists as Yosys writes them: cells of a device family, and the nets between them."""

from __future__ import annotations

import copy
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twofold.errors import UserError
from twofold.rtl.yosys import run_yosys

LABEL = "label"
"""Attribute of a register's cells: the name of the register in the design."""

_REGISTER = re.compile(r"^  cell \$dffe? .*\n(?:    .*\n)*?    connect \\Q \\(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Netlist:
    """One flat module. design: Yosys's JSON; a net is an integer, a constant bit a string."""

    top: str
    design: Mapping[str, Any]

    @property
    def cells(self) -> Mapping[str, Mapping[str, Any]]:
        """Name → type, parameters, port_directions and connections."""
        cells: Mapping[str, Mapping[str, Any]] = self.design["modules"][self.top]["cells"]
        return cells

    @property
    def ports(self) -> Mapping[str, Mapping[str, Any]]:
        """Name → direction and bits."""
        ports: Mapping[str, Mapping[str, Any]] = self.design["modules"][self.top]["ports"]
        return ports

    def describe(self, name: str) -> str:
        """A cell's type, and the name by which the design knows it, if it does."""
        cell = self.cells[name]
        known = cell["attributes"].get(LABEL, "" if cell["hide_name"] else name)
        return f"{cell['type']} {known}".strip()

    def verilog(self) -> str:
        """The module as instances of its family's cells. Raises YosysError if Yosys fails."""
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "netlist.json").write_text(json.dumps(self.design))
            run_yosys(["read_json netlist.json", "write_verilog -noattr netlist.v"], Path(folder))
            return (Path(folder) / "netlist.v").read_text()

    def with_flipped_bit(self, cell: str, bit: int) -> Netlist:
        """The same but for one bit of a cell's INIT. Raises UserError if the cell has no such bit."""
        init = self.cells[cell]["parameters"].get("INIT", "")
        if not 0 <= bit < len(init):
            raise UserError(f"expected a bit of INIT, {len(init)} bits of {cell}, got {bit}")
        changed = copy.deepcopy(dict(self.design))
        digits = list(init)
        digits[-1 - bit] = "01"[digits[-1 - bit] == "0"]
        changed["modules"][self.top]["cells"][cell]["parameters"]["INIT"] = "".join(digits)
        return Netlist(self.top, changed)


def labelled(rtlil: str) -> str:
    """RTLIL text whose registers carry the names of what they hold, to be found in the mapped netlist."""
    return _REGISTER.sub(lambda found: f'  attribute \\{LABEL} "{found[1]}"\n{found[0]}', rtlil)
