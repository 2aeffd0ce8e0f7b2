"""One row of the table of areas, and the table in columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from twofold.synth.utilisation import Utilisation


@dataclass(frozen=True)
class AreaRow:
    """Resources of an array of tin × tout MACs a cycle, with everything that its ports need.

    lut: without those used as memories, `lutram`; lut_per_mac counts both. mac_per_dsp: None without DSP.
    depth_lut, depth_carry: of the longest path between registers. ecp5_mhz: clock of the portable form,
    placed and routed. None where nothing was measured. design: hash of what was synthesised.
    """

    kind: str
    family: str
    tin: int
    tout: int
    lut: int
    lutram: int
    carry: int | None
    ff: int | None
    dsp: int
    depth_lut: int | None = None
    depth_carry: int | None = None
    ecp5_mhz: float | None = None
    design: str | None = None

    @property
    def lut_per_mac(self) -> float:
        return round((self.lut + self.lutram) / (self.tin * self.tout), 2)

    @property
    def mac_per_dsp(self) -> float | None:
        return round(self.tin * self.tout / self.dsp, 2) if self.dsp else None

    @classmethod
    def of(
        cls, kind: str, family: str, tin: int, tout: int, used: Utilisation, *, copies: int = 1
    ) -> AreaRow:
        """The row of one of `copies` arrays that share what was synthesised."""
        counts = (used.lut, used.lutram, used.carry, used.ff, used.dsp)
        lut, lutram, carry, ff, dsp = (round(count / copies) for count in counts)
        return cls(kind, family, tin, tout, lut, lutram, carry, ff, dsp)

    def entry(self) -> dict[str, object]:
        """Column → value, the measured ones first."""
        entry = asdict(self)
        later = {name: entry.pop(name) for name in ("depth_lut", "depth_carry", "ecp5_mhz", "design")}
        return {**entry, "lut_per_mac": self.lut_per_mac, "mac_per_dsp": self.mac_per_dsp, **later}


PEERS = (
    AreaRow("FINN matrix-vector unit, 4 bit", "xc7", 16, 16, 6074, 0, None, 2817, 64),
    AreaRow("FINN matrix-vector unit, 8 bit", "xc7", 16, 16, 9123, 0, None, 3757, 128),
    AreaRow("da4ml 0.6, APoT4 weights frozen", "xc7", 16, 16, 1169, 0, None, None, 0),
    AreaRow("INT4 multiplied in LUTs", "xc7", 16, 16, 8521, 0, None, 3424, 0),
)
"""FINN's RTL with its accumulators, da4ml's for one constant tile, and `*` with `+`: Yosys 0.70,
`synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -abc9`, 2026-11-21."""


def table(rows: Sequence[AreaRow]) -> str:
    """One line a row, in columns."""
    names = tuple(name for name in rows[0].entry() if name != "design")
    cells = [names, *(tuple(_cell(row.entry()[name]) for name in names) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    )


def _cell(value: object) -> str:
    return "-" if value is None else str(value)


def read_rows(path: Path) -> list[AreaRow]:
    """The rows of a file; none if there is no file."""
    entries = json.loads(path.read_text()) if path.is_file() else []
    derived = ("lut_per_mac", "mac_per_dsp")
    return [AreaRow(**{name: entry[name] for name in entry if name not in derived}) for entry in entries]
