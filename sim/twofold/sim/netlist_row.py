"""What came of one array's vectors, as a row that later runs of the bench take for granted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from twofold.files import write_atomically
from twofold.sim.pe_check import Verdict


@dataclass(frozen=True)
class NetlistRow:
    """Vectors that met the products of an array, as written and as mapped, and a mapped one with a wrong bit.

    design: hash of what was synthesised, of the flow and of Yosys's version; a row is that of a design alone.
    """

    kind: str
    family: str
    tin: int
    tout: int
    design: str
    seed: int
    rtl: Verdict
    netlist: Verdict
    wrong_bit: Verdict

    @property
    def holds(self) -> bool:
        """Whether all products were right, and the wrong bit was noticed."""
        return self.rtl.passed and self.netlist.passed and self.wrong_bit.wrong > 0

    def __str__(self) -> str:
        parts = {"rtl": self.rtl, "netlist": self.netlist, "wrong bit": self.wrong_bit}
        words = (f"{name} {v.wrong} wrong of {v.vectors} in {v.seconds} s" for name, v in parts.items())
        return f"{self.kind}, {self.family}: {'; '.join(words)}"


def read_rows(path: Path) -> list[NetlistRow]:
    """The rows of a file; none if there is no file."""
    entries = json.loads(path.read_text()) if path.is_file() else []
    verdicts = ("rtl", "netlist", "wrong_bit")
    return [NetlistRow(**entry | {name: Verdict(**entry[name]) for name in verdicts}) for entry in entries]


def write_rows(rows: Sequence[NetlistRow], path: Path) -> None:
    write_atomically(path, json.dumps([asdict(row) for row in rows], indent=1) + "\n")
