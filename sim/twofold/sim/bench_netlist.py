"""Products of every kind of processing element, as written and as mapped to cells, on a million vectors each.

`python -m twofold.sim.bench_netlist` prints a line a kind, and ends with code 1 if any sum is wrong, or if a
netlist with one wrong bit passes. What was synthesised and compiled is kept for the next run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from twofold.rtl.mac.interface import PeKind
from twofold.sim.pe_check import Verdict, check, simulate_netlist, simulate_rtl
from twofold.synth.bench_area import chosen
from twofold.synth.bench_subjects import SharedTables, Subject
from twofold.synth.netlist import Netlist
from twofold.synth.yosys import CACHE, mapped_netlist

BUILDS = Path("build/vectors")
MUTANT_VECTORS = 20_000
OPTIMISE = "-O2"
"""g++'s level: a million vectors are worth the longer compilation."""


def compare(subject: Subject, vectors: int, seed: int = 1, cache: Path = CACHE) -> dict[str, Verdict]:
    """What was simulated → what came of it; the last is a netlist in which one bit of a LUT is wrong."""
    kind = subject.kind
    netlist = mapped_netlist(kind.component(), "pe", family=subject.flow, cache=cache)
    rtl = simulate_rtl(kind, BUILDS, optimise=OPTIMISE)
    mapped = simulate_netlist(kind, netlist, BUILDS, optimise=OPTIMISE)
    return {
        "rtl": check(kind, rtl, vectors=vectors, seed=seed),
        "netlist": check(kind, mapped, vectors=vectors, seed=seed),
        "wrong bit": _mutant(kind, netlist, seed),
    }


def _mutant(kind: PeKind, netlist: Netlist, seed: int) -> Verdict:
    lut = next(name for name, cell in netlist.cells.items() if cell["type"] == "LUT2")
    broken = simulate_netlist(kind, netlist.with_flipped_bit(lut, 0), BUILDS)
    return check(kind, broken, vectors=MUTANT_VECTORS, seed=seed)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tin", type=int, default=16, help="activations a cycle")
    parser.add_argument("--tout", type=int, default=16, help="sums a cycle")
    parser.add_argument("--kind", action="append", default=[], help="label of a row of the table of areas")
    parser.add_argument("--vectors", type=int, default=1_000_000, help="vectors for each simulation")
    given = parser.parse_args(arguments)
    failed = False
    for subject in chosen(given.tin, given.tout, given.kind):
        if not isinstance(subject, SharedTables):
            verdicts = compare(subject, given.vectors)
            print(f"{subject.label}, {subject.flow}: {_words(verdicts)}", flush=True)
            failed |= not _holds(verdicts)
    sys.exit(int(failed))


def _holds(verdicts: dict[str, Verdict]) -> bool:
    return all(verdict.passed == (name != "wrong bit") for name, verdict in verdicts.items())


def _words(verdicts: dict[str, Verdict]) -> str:
    return "; ".join(
        f"{name} {verdict.wrong} wrong of {verdict.vectors} in {verdict.seconds} s"
        for name, verdict in verdicts.items()
    )


if __name__ == "__main__":
    main()
