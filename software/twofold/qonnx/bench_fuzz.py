"""Mutated files through the importer: `python -m twofold.qonnx.bench_fuzz --mutants 100000`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from twofold.files import write_atomically
from twofold.qonnx.fuzz.outcome import FAULTS, Outcome
from twofold.qonnx.fuzz.run import Tally, fuzz

OUT = Path("build/bench/fuzz.json")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=1200.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=5, help="compare one in so many with the executor")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    if options.every < 1:
        parser.error(f"--every: expected at least 1, got {options.every}")
    start = time.monotonic()
    tally = fuzz(options.seed, options.mutants, options.every, options.seconds)
    row = {"seed": options.seed, "seconds": round(time.monotonic() - start, 1), **_figures(tally)}
    write_atomically(options.out, json.dumps(row, indent=2) + "\n")
    print(json.dumps(row, indent=2))
    if tally.faults:
        sys.exit(1)
    if not row["mutants"]:
        sys.exit("expected one mutant at least, tried none; give --mutants and --seconds more")


def _figures(tally: Tally) -> dict[str, object]:
    counts = {str(outcome): tally.counts[outcome] for outcome in Outcome}
    return {
        "mutants": sum(tally.counts.values()),
        **counts,
        "faulty": sum(tally.counts[outcome] for outcome in FAULTS),
        "slowest_seconds": round(tally.slowest, 2),
        "faults": [list(fault) for fault in tally.faults[:20]],
    }


if __name__ == "__main__":
    main()
