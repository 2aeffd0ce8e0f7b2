"""Vivado's reports on an implemented design, as numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twofold.errors import UserError

_ROWS: Mapping[str, tuple[str, ...]] = {
    "lut": ("Slice LUTs", "CLB LUTs"),
    "lutram": ("LUT as Memory",),
    "ff": ("Slice Registers", "CLB Registers"),
    "dsp": ("DSPs",),
    "bram36": ("Block RAM Tile",),
}
"""Resource → the names of its row, of the 7 series and of UltraScale+ (report_utilization, UG835)."""


@dataclass(frozen=True)
class Implemented:
    """What the whole design takes. lut: those used as memory included. slack_ns: the worst one."""

    lut: int
    lutram: int
    ff: int
    dsp: int
    bram36: float
    slack_ns: float


def read_reports(folder: Path) -> Implemented:
    """From utilization.rpt and timing.rpt. Raises UserError for files that are not Vivado's reports."""
    used = _read(folder / "utilization.rpt")
    counts = {name: _count(folder / "utilization.rpt", used, rows) for name, rows in _ROWS.items()}
    bram36 = counts.pop("bram36")
    whole = {name: int(count) for name, count in counts.items()}
    return Implemented(**whole, bram36=bram36, slack_ns=_slack(folder))


def _count(path: Path, text: str, rows: tuple[str, ...]) -> float:
    for row in rows:
        found = re.search(rf"^\|\s*{re.escape(row)}\*?\s*\|\s*([\d.]+)\s*\|", text, re.MULTILINE)
        if found:
            return float(found[1])
    raise UserError(f"{path}: expected a row {rows[0]}, found none; is it a report of report_utilization?")


def _slack(folder: Path) -> float:
    """The first number below WNS(ns) in the summary of the design's timing."""
    text = _read(folder / "timing.rpt")
    found = re.search(r"^\s*WNS\(ns\).*\n[\s-]*\n\s*(-?[\d.]+)", text, re.MULTILINE)
    if found is None:
        raise UserError(f"{folder / 'timing.rpt'}: expected a worst slack below WNS(ns), found none")
    return float(found[1])


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError as error:
        raise UserError(f"expected Vivado's report {path}, found {error.strerror}") from error
