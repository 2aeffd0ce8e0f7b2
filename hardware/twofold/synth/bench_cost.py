"""The planner's model of area beside synthesis, over a grid of geometries of each kind.

`python -m twofold.synth.bench_cost` prints both and how far the model is off, and writes what was measured;
the rows of the last release are in `area_rows.json` beside this file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from twofold.errors import ends_in_a_line
from twofold.files import write_atomically
from twofold.plan.area.arrays import area
from twofold.rtl.mac.interface import PeKind
from twofold.synth.area_grid import grid
from twofold.synth.yosys import CACHE, synthesise

ROWS = Path(__file__).with_name("area_rows.json")
OUT = Path("build/bench/cost.json")
COLUMNS = ("lut", "lutram", "ff", "dsp")

Rows = dict[str, dict[str, int]]
"""Label of a geometry → resource → how many Yosys finds."""


def measure(kinds: Mapping[str, PeKind], cache: Path = CACHE) -> Rows:
    """Synthesises each of them on xc7. Raises UserError when synthesis fails."""
    rows = {}
    for label, kind in kinds.items():
        used = synthesise(kind.component(), "pe", cache=cache)
        rows[label] = {column: getattr(used, column) for column in COLUMNS}
    return rows


def table(rows: Rows, kinds: Mapping[str, PeKind]) -> str:
    """A line a geometry: each resource as modelled / measured, and the error in all LUTs."""
    lines = []
    for label, row in rows.items():
        model = area(kinds[label])
        cells = [f"{column} {getattr(model, column)}/{row[column]}" for column in COLUMNS]
        measured = row["lut"] + row["lutram"]
        error = (model.lut + model.lutram) / measured - 1
        lines.append("  ".join([f"{label:32}", *(f"{cell:16}" for cell in cells), f"{error:+6.1%}"]))
    return "\n".join(lines)


@ends_in_a_line()
def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", action="append", default=[], help="name of a kind; may be repeated")
    parser.add_argument("--out", type=Path, default=OUT, help="file for the rows")
    given = parser.parse_args(arguments)
    kinds = {label: kind for label, kind in grid().items() if not given.kind or kind.name in given.kind}
    rows = measure(kinds)
    write_atomically(given.out, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    print(table(rows, kinds))


if __name__ == "__main__":
    main()
