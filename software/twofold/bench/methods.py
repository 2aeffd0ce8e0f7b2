"""A small network by every method, on every road: `python -m twofold.bench.methods`.

Each recipe, and each variant of settings that no recipe has, makes a small residual network from the same
float one, trained for a moment on digits. Every layer's integers are compared between the golden model, the
qonnx executor, hls4ml's C simulation and the simulated engine, one of three kinds for all networks; then each
road runs once more with one weight wrong, which must not pass. Rows are written to build/bench/methods.json.
Ends with code 1 if an integer differs, a wrong weight is not seen, or a road refuses a network for another
reason than the one that is known.

Examples:
  python -m twofold.bench.methods
  python -m twofold.bench.methods --methods ptq_static mixed_by_layer --roads qonnx rtl
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from twofold.errors import ends_in_a_line
from twofold.files import write_atomically
from twofold.methods.make import Workshop
from twofold.methods.named import Method, integer_methods, method_named, other_recipes
from twofold.methods.prove import HLS, QONNX, RTL, Proof, prove_hls, prove_qonnx, prove_rtl
from twofold.rtl.geometry import Geometry, PeName
from twofold.sim.bulk.library import build_library
from twofold.verification.candidates import Subject

OUT = Path("build/bench/methods.json")
WORK = Path("build/bench/methods")
ENGINE = Geometry(kinds=(PeName.APOT_SHIFT, PeName.INT4_DSP, PeName.INT8_DSP))
ROADS = (QONNX, HLS, RTL)


@dataclass(frozen=True)
class MethodRow:
    """refused: the road's reason, empty if it takes the network. holds: as of a proof."""

    method: str
    road: str
    status: str
    frames: int
    elements: int
    mismatches: int
    noticed: bool
    refused: str
    holds: bool

    @classmethod
    def of(cls, proof: Proof) -> MethodRow:
        check = proof.check
        return cls(
            proof.method.name,
            proof.road,
            str(check.status),
            check.frames,
            check.elements,
            check.mismatches,
            proof.noticed,
            "" if check.elements else check.detail,
            proof.holds,
        )


@ends_in_a_line()
def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    methods = [method_named(name) for name in given.methods] if given.methods else integer_methods()
    rows = list(_rows(Workshop(WORK, given.widths), methods, given.roads, given.out))
    print(summary(rows))
    sys.exit(int(not all(row.holds for row in rows)))


def summary(rows: Sequence[MethodRow]) -> str:
    """Counts, by road, and the recipes that were left out."""
    lines = []
    for road in dict.fromkeys(row.road for row in rows):
        found = [row for row in rows if row.road == road]
        refused = [row.method for row in found if row.refused]
        wrong = sum(row.mismatches for row in found)
        lines.append(
            f"{road}: {len(found) - len(refused)} networks, {wrong:,} of {sum(r.elements for r in found):,} "
            f"integers differ; refused: {', '.join(refused) or 'none'}"
        )
    return "\n".join([*lines, f"without integers everywhere, so not here: {', '.join(other_recipes())}"])


def _rows(
    workshop: Workshop, methods: Sequence[Method], roads: Sequence[str], out: Path
) -> Iterator[MethodRow]:
    """One by one; the file is written after each."""
    rows: list[MethodRow] = []
    for method in methods:
        subject = workshop.subject(method, workshop.make(method))
        for proof in _proofs(method, subject, roads):
            print(proof.line, flush=True)
            rows.append(MethodRow.of(proof))
            write_atomically(out, json.dumps([asdict(row) for row in rows], indent=2) + "\n")
            yield rows[-1]


def _proofs(method: Method, subject: Subject, roads: Sequence[str]) -> Iterator[Proof]:
    if QONNX in roads:
        yield prove_qonnx(method, subject)
    if HLS in roads:
        yield prove_hls(method, subject)
    if RTL in roads:
        yield prove_rtl(method, subject, build_library(ENGINE, WORK / "engine", optimise="-O1"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", help="names of recipes and variants; all if not given")
    parser.add_argument("--roads", nargs="+", choices=ROADS, default=list(ROADS))
    parser.add_argument("--widths", nargs=2, type=int, default=[8, 16], help="of the network, unpruned")
    parser.add_argument("--out", type=Path, default=OUT)
    return parser


if __name__ == "__main__":
    main()
