"""Products of every kind of processing element, as written and as mapped to cells, on a million vectors each.

`python -m twofold.sim.bench_netlist` prints a line a kind, writes it to its rows, and ends with code 1 if any
sum is wrong, or if a netlist with one wrong bit passes. A design whose row is known from an earlier run, of
this machine or kept in the documentation, is not simulated again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from twofold.errors import UserError, ends_in_a_line
from twofold.rtl.mac.interface import PeKind
from twofold.sim.netlist_row import NetlistRow, read_rows, write_rows
from twofold.sim.pe_check import Verdict, check, simulate_netlist, simulate_rtl
from twofold.synth.bench_area import chosen
from twofold.synth.bench_subjects import SharedTables, Subject
from twofold.synth.netlist import Netlist
from twofold.synth.yosys import CACHE, design_key, mapped_netlist

OUT = Path("build/bench/netlist.json")
KEPT = Path("docs/pe/netlist.json")
BUILDS = Path("build/vectors")
SEED = 1
MUTANT_VECTORS = 20_000
OPTIMISE = "-O2"
"""g++'s level: a million vectors are worth the longer compilation."""


def compare(subject: Subject, vectors: int, seed: int = SEED, cache: Path = CACHE) -> NetlistRow:
    """Simulates the array as written, as mapped, and as mapped with one wrong bit of a LUT."""
    kind = subject.kind
    netlist = mapped_netlist(kind.component(), "pe", family=subject.flow, cache=cache)
    rtl = simulate_rtl(kind, BUILDS, optimise=OPTIMISE)
    mapped = simulate_netlist(kind, netlist, BUILDS, optimise=OPTIMISE)
    return NetlistRow(
        subject.label,
        subject.flow,
        kind.tin,
        kind.tout,
        _design(subject),
        seed,
        check(kind, rtl, vectors=vectors, seed=seed),
        check(kind, mapped, vectors=vectors, seed=seed),
        _mutant(kind, netlist, seed),
    )


def _design(subject: Subject) -> str:
    return design_key(subject.kind.component(), "pe", subject.flow)


def _mutant(kind: PeKind, netlist: Netlist, seed: int) -> Verdict:
    broken = simulate_netlist(kind, netlist.with_flipped_bit(_smallest_lut(netlist), 0), BUILDS)
    return check(kind, broken, vectors=MUTANT_VECTORS, seed=seed)


def _smallest_lut(netlist: Netlist) -> str:
    """One of the LUTs with the fewest inputs: vectors are likely to meet each bit of its table."""
    luts = ((cell["type"], name) for name, cell in netlist.cells.items() if cell["type"].startswith("LUT"))
    return min(luts)[1]


def known(subject: Subject, vectors: int, rows: Sequence[NetlistRow]) -> NetlistRow | None:
    """The row of this very design with as many vectors, if there is one."""
    design = _design(subject)
    return next((row for row in rows if row.design == design and row.rtl.vectors >= vectors), None)


@ends_in_a_line()
def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="Example: python -m twofold.sim.bench_netlist --kind apot_shift"
    )
    parser.add_argument("--tin", type=int, default=16, help="activations a cycle")
    parser.add_argument("--tout", type=int, default=16, help="sums a cycle")
    parser.add_argument("--kind", action="append", default=[], help="label of a row of the table of areas")
    parser.add_argument("--vectors", type=int, default=1_000_000, help="vectors for each simulation")
    parser.add_argument("--out", type=Path, default=OUT, help="file for the rows")
    parser.add_argument("--again", action="store_true", help="simulate what is known, too")
    given = parser.parse_args(arguments)
    rows = _rows(given)
    sys.exit(int(not all(row.holds for row in rows)))


def _rows(given: argparse.Namespace) -> list[NetlistRow]:
    """Printed, and written after each, as the next may take long."""
    earlier = [] if given.again else [*read_rows(given.out), *read_rows(KEPT)]
    rows: list[NetlistRow] = []
    for subject in _arrays(given):
        rows.append(known(subject, given.vectors, earlier) or compare(subject, given.vectors))
        print(rows[-1], flush=True)
        write_rows(rows, given.out)
    return rows


def _arrays(given: argparse.Namespace) -> list[Subject]:
    """Those of one tile. Raises UserError for others that are asked for by name."""
    found = chosen(given.tin, given.tout, given.kind)
    shared = [subject.label for subject in found if isinstance(subject, SharedTables)]
    if given.kind and shared:
        raise UserError(f"kind: expected an array of one tile, got {'; '.join(shared)}")
    return [subject for subject in found if subject.label not in shared]


if __name__ == "__main__":
    main()
