"""Area, depth and clock of the kinds of processing element, beside what other designs of the same size take.

`python -m twofold.synth.bench_area` prints the table and writes its rows. Everything measured is kept under
a hash of the design, so that a second run, and one after an interruption, measures only what is new; so do
the rows that are kept in the documentation.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from twofold.errors import UserError, ends_in_a_line
from twofold.files import write_atomically
from twofold.synth.area_row import PEERS, AreaRow, read_rows, table
from twofold.synth.bench_subjects import SharedTables, Subject, subjects
from twofold.synth.depth import CARRIES_MAX, LUTS_MAX, LogicPath, longest_path
from twofold.synth.place import place
from twofold.synth.yosys import CACHE, design_key, mapped_netlist, synthesise

OUT = Path("build/bench/area.json")
KEPT = Path("docs/pe/area.json")


def measure(subject: Subject, cache: Path = CACHE) -> tuple[AreaRow, LogicPath]:
    """Area of one array and its longest path. Raises UserError when synthesis fails."""
    component = subject.component()
    netlist = mapped_netlist(component, "pe", family=subject.flow, cache=cache)
    used = synthesise(component, "pe", family=subject.flow, cache=cache)
    kind, path = subject.kind, longest_path(netlist)
    row = AreaRow.of(subject.label, subject.flow, kind.tin, kind.tout, used, copies=subject.copies)
    return replace(row, depth_lut=path.luts, depth_carry=path.carries, design=_design(subject)), path


def _design(subject: Subject) -> str:
    """Of the array, and of its portable form, which is what is placed."""
    forms = ((subject.component(), subject.flow), (subject.portable.component(), "ecp5"))
    return "-".join(design_key(component, "pe", flow) for component, flow in forms)


def is_placed(subject: Subject) -> bool:
    """Whether its portable form is its own: shared and UltraScale+ rows have that of another row."""
    return subject.flow == "xc7" and not isinstance(subject, SharedTables)


def chosen(tin: int, tout: int, labels: Sequence[str]) -> list[Subject]:
    """The subjects named, all of them if none is. Raises UserError for a label that no subject has."""
    every = subjects(tin, tout)
    unknown = set(labels) - {subject.label for subject in every}
    if unknown:
        known = "; ".join(dict.fromkeys(subject.label for subject in every))
        raise UserError(f"expected labels among {known}, got {'; '.join(sorted(unknown))}")
    return [subject for subject in every if not labels or subject.label in labels]


@ends_in_a_line()
def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    rows = _rows(given)
    print(table(rows))


def _rows(given: argparse.Namespace) -> list[AreaRow]:
    """Writes the rows so far after each, as the next may take long."""
    rows: list[AreaRow] = []
    peers = [peer for peer in PEERS if (peer.tin, peer.tout) == (given.tin, given.tout)]
    earlier = [] if given.again else [*read_rows(given.out), *read_rows(KEPT)]
    for subject in chosen(given.tin, given.tout, given.kind):
        row = known(subject, earlier) or _measured(subject, given.cache)
        if given.place and is_placed(subject) and row.ecp5_mhz is None:
            placed = place(subject.portable.component(), cache=given.cache)
            print(f"{row.kind}: {placed.mhz} MHz on ECP5, {placed.critical}", flush=True)
            row = replace(row, ecp5_mhz=placed.mhz)
        rows.append(row)
        write_atomically(given.out, json.dumps([row.entry() for row in rows + peers], indent=1) + "\n")
    return rows + peers


def known(subject: Subject, rows: Sequence[AreaRow]) -> AreaRow | None:
    """The row of this very design, if there is one; one with a clock before others."""
    design = _design(subject)
    found = [row for row in rows if row.design == design]
    return min(found, key=lambda row: row.ecp5_mhz is None, default=None)


def _measured(subject: Subject, cache: Path) -> AreaRow:
    row, path = measure(subject, cache)
    if path.exceeds():
        print(f"{row.kind}, {row.family}: more than {LUTS_MAX} LUT + {CARRIES_MAX} carry, {path}")
    return row


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tin", type=int, default=16, help="activations a cycle")
    parser.add_argument("--tout", type=int, default=16, help="sums a cycle")
    parser.add_argument("--kind", action="append", default=[], help="label of a row; may be repeated")
    parser.add_argument("--place", action="store_true", help="place and route the portable forms on ECP5")
    parser.add_argument("--out", type=Path, default=OUT, help="file for the rows")
    parser.add_argument("--again", action="store_true", help="measure what is known, too")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for what was measured")
    return parser


if __name__ == "__main__":
    main()
