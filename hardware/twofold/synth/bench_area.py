"""Area of the kinds of processing element, beside what other designs of the same size take.

`python -m twofold.synth.bench_area` prints the table and writes its rows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from twofold.files import write_atomically
from twofold.network.types import IntType
from twofold.rtl.mac.apot_shift import ApotShift
from twofold.rtl.mac.int8_dsp import Int8Dsp
from twofold.rtl.mac.int_mul import IntMul
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.mac.subset_sums import SubsetSumGenerator
from twofold.rtl.mac.weight_code import APOT4, INT4
from twofold.rtl.primitives.family import Family
from twofold.synth.utilisation import Utilisation
from twofold.synth.yosys import CACHE, synthesise

FAMILY = "xc7"
OUT = Path("build/bench/area.json")
ACTIVATION_BITS = 4
SHARED_BY = 8
"""A sweep of 128 pixels is long enough for a generator to fill the tables of this many arrays in turn."""


@dataclass(frozen=True)
class AreaRow:
    """Resources of an array of tin × tout MACs a cycle, with everything that its ports need.

    lut: without those used as memories, `lutram`; lut_per_mac counts both. mac_per_dsp: None without DSP.
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

    @property
    def lut_per_mac(self) -> float:
        return round((self.lut + self.lutram) / (self.tin * self.tout), 2)

    @property
    def mac_per_dsp(self) -> float | None:
        return self.tin * self.tout / self.dsp if self.dsp else None

    @classmethod
    def of(cls, label: str, kind: PeKind, used: Utilisation) -> AreaRow:
        return cls(label, FAMILY, kind.tin, kind.tout, used.lut, used.lutram, used.carry, used.ff, used.dsp)

    def entry(self) -> dict[str, object]:
        return {**asdict(self), "lut_per_mac": self.lut_per_mac, "mac_per_dsp": self.mac_per_dsp}


PEERS = (
    AreaRow("FINN matrix-vector unit, 4 bit", FAMILY, 16, 16, 6074, 0, None, 2817, 64),
    AreaRow("FINN matrix-vector unit, 8 bit", FAMILY, 16, 16, 9123, 0, None, 3757, 128),
)
"""FINN's RTL with its accumulators: Yosys 0.70, `synth_xilinx -family xc7 -abc9`, 2026-11-21."""


def kinds(tin: int, tout: int) -> dict[str, PeKind]:
    """What is measured, by the label of its row."""
    bits = ACTIVATION_BITS
    return {
        "lut_da, INT4": LutDa(tin, tout, INT4, IntType(False, bits), family=Family.XC7),
        "lut_da, APoT4": LutDa(tin, tout, APOT4, IntType(False, bits), family=Family.XC7),
        "apot_shift": ApotShift(tin, tout, activation_bits=bits),
        "int8_dsp": Int8Dsp(tin, tout),
        "int_mul": IntMul(tin, tout),
    }


def measure(tin: int, tout: int, labels: Sequence[str] = (), cache: Path = CACHE) -> list[AreaRow]:
    """Rows of the kinds named, all of them if none is. Raises UserError when synthesis fails."""
    rows = []
    for label, kind in kinds(tin, tout).items():
        if not labels or label in labels:
            used = synthesise(kind.component(), "pe", family=FAMILY, cache=cache)
            rows.append(AreaRow.of(label, kind, used))
            if isinstance(kind, LutDa):
                rows.append(_sharing(rows[-1], kind, cache))
    return rows


def _sharing(row: AreaRow, kind: LutDa, cache: Path) -> AreaRow:
    """The array if SHARED_BY of them had one generator: the row without the rest of its own."""
    generator = SubsetSumGenerator(kind.layout, kind.family)
    used = synthesise(generator, "generator", family=FAMILY, cache=cache)
    saved = {
        name: round(getattr(row, name) - getattr(used, name) * (1 - 1 / SHARED_BY))
        for name in ("lut", "lutram", "carry", "ff")
    }
    return replace(row, kind=f"{row.kind}, 1/{SHARED_BY} generator", **saved)


def table(rows: Sequence[AreaRow]) -> str:
    """One line a row, in columns."""
    names = tuple(rows[0].entry())
    cells = [names, *(tuple("-" if v is None else str(v) for v in row.entry().values()) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tin", type=int, default=16, help="activations a cycle")
    parser.add_argument("--tout", type=int, default=16, help="sums a cycle")
    parser.add_argument("--kind", action="append", default=[], help="label of a row; may be repeated")
    parser.add_argument("--out", type=Path, default=OUT, help="file for the rows")
    given = parser.parse_args(arguments)
    rows = measure(given.tin, given.tout, given.kind)
    rows += [peer for peer in PEERS if (peer.tin, peer.tout) == (given.tin, given.tout)]
    write_atomically(given.out, json.dumps([row.entry() for row in rows], indent=1) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
