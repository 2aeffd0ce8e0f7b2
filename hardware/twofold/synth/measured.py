"""What `make bench-area` and `make bench-netlist` measured, as a page of the documentation.

    python -m twofold.synth.measured

keeps their rows beside the page and writes the page anew. Rows that are kept are not measured again as long
as their designs stay the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from twofold.files import write_atomically
from twofold.synth.bench_subjects import SharedTables, Subject, subjects

SIZE = 16
BENCHES = Path("build/bench")
FOLDER = Path("docs/pe")
AREA, NETLIST, PAGE = "area.json", "netlist.json", "measured.md"
_TEXT = """# Measured: every kind at 16 × 16

What `make bench-area` and `make bench-netlist` printed. `python -m twofold.synth.measured` writes this page
from their rows and keeps these in [area.json](area.json) and [netlist.json](netlist.json); a row is measured
again when its design has changed.

## Area, depth and clock

Each kind as an array of 16 activations times 16 outputs, with its weights' registers or tables and all else
that its ports need, and other designs of the same size. Yosys maps the array alone. *LUT* are without those
used as memories, *LUTRAM*, which *LUT/MAC* counts too. *Depth* is the longest path between registers of the
mapped netlist, LUT levels + carry chains. *ECP5* is the clock of the same array without a vendor's
primitives, placed and routed by nextpnr on an LFE5U-85F of the slowest grade, which has 156 multipliers of
18 × 18: arrays that need more have at most 140 of them, one a product, and the rest in LUTs. It is that of
nextpnr's seed 1 if that reaches 120 MHz or misses it by more than 15%, else the best of seeds 1 to 3. No
Xilinx part was placed or timed.

The rows of `int8_dsp` and `int4_dsp` here, and below these and that of `apot_shift`, were measured before the
primitives that they are made of last changed, and have not been measured again.

"""
_NETLIST_TEXT = """
## Netlist against products

Corner and random vectors, one a cycle, while the next tile's weights load: sums of the array as it is
written and as it is mapped that differ from the exact products; and, so that the bench is seen to notice,
from a mapped netlist with one bit of one LUT flipped.

"""
_HEADER = (
    "kind", "family", "Tin × Tout", "LUT", "LUTRAM", "CARRY", "FF", "DSP", "LUT/MAC", "MAC/DSP", "depth",
    "ECP5, MHz",
)  # fmt: skip
_VECTORS = ("kind", "family", "Tin × Tout", "seed", "RTL, wrong", "netlist, wrong", "flipped bit, wrong")
_UNKNOWN = "–"


def measured_page(areas: Sequence[Mapping[str, Any]], netlists: Sequence[Mapping[str, Any]]) -> str:
    """Markdown, a table row for each row of the benches."""
    every = subjects(SIZE, SIZE)
    alone = [subject for subject in every if not isinstance(subject, SharedTables)]
    area = _table(_HEADER, map(_area, areas)) + _missing(every, areas)
    vectors = _table(_VECTORS, map(_vectors, netlists)) + _missing(alone, netlists)
    return _TEXT + area + _NETLIST_TEXT + vectors


def _missing(wanted: Sequence[Subject], rows: Sequence[Mapping[str, Any]]) -> str:
    """A sentence on those that the bench has not come to."""
    found = {(row["kind"], row["family"]) for row in rows}
    names = [f"{one.label} ({one.flow})" for one in wanted if (one.label, one.flow) not in found]
    return f"\nNot measured yet: {'; '.join(names)}.\n" if names else ""


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    cells = [header, tuple("---" for _ in header), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def _area(row: Mapping[str, Any]) -> tuple[str, ...]:
    depth = None if row["depth_lut"] is None else f"{row['depth_lut']} + {row['depth_carry']}"
    counts = (row[name] for name in ("lut", "lutram", "carry", "ff", "dsp", "lut_per_mac", "mac_per_dsp"))
    values = (row["kind"], row["family"], f"{row['tin']} × {row['tout']}", *counts, depth, row["ecp5_mhz"])
    return tuple(_UNKNOWN if value is None else str(value) for value in values)


def _vectors(row: Mapping[str, Any]) -> tuple[str, ...]:
    verdicts = (row[name] for name in ("rtl", "netlist", "wrong_bit"))
    wrong = (f"{verdict['wrong']:,} of {verdict['vectors']:,}" for verdict in verdicts)
    return (row["kind"], row["family"], f"{row['tin']} × {row['tout']}", str(row["seed"]), *wrong)


def _kept(name: str) -> list[dict[str, Any]]:
    """The bench's rows if it has run here, else those that are kept."""
    fresh = BENCHES / name
    rows: list[dict[str, Any]] = json.loads((fresh if fresh.is_file() else FOLDER / name).read_text())
    write_atomically(FOLDER / name, json.dumps(rows, indent=1) + "\n")
    return rows


def main() -> None:
    write_atomically(FOLDER / PAGE, measured_page(_kept(AREA), _kept(NETLIST)))


if __name__ == "__main__":
    main()
