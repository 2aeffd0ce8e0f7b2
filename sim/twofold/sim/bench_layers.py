"""Layers of random shapes and numbers on engines of one to sixteen tiles, of all kinds.

Each layer runs twice, without pauses and with, two frames each; every integer is compared with the golden
model, and cycles without pauses with the prediction. Some layers run once more with a weight that is wrong,
one that changes what the golden model gives: each must be found. Ends with code 1 if anything is wrong.

Example: python -m twofold.sim.bench_layers --layers 100 --seed 7 --tiles 2 8
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from twofold.errors import ends_in_a_line
from twofold.files import write_atomically
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.network.graph import Network
from twofold.network.ops import Conv2d
from twofold.network.types import IntArray
from twofold.plan.program import Program
from twofold.plan.schedule import plan
from twofold.rtl.geometry import TILES, Geometry, PeName
from twofold.rtl.isa import Opcode
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.bulk.run import BulkRun, run_bulk
from twofold.sim.engine import shaped
from twofold.sim.engine_row import frames_of, library_of
from twofold.sim.generated_layers import generated_layer
from twofold.sim.layer_use import kinds_of

OUT = Path("build/bench/layers.json")
STALLS = 0.3
FRAMES = 2
MUTANTS = 5
"""Layers of an engine that also run with a wrong weight."""
_DEEP = Geometry(activation_words=4096, weight_words=4096, parameter_words=512, instructions=256)
GEOMETRIES = {
    1: replace(_DEEP, kinds=(PeName.APOT_SHIFT, PeName.INT4_DSP, PeName.INT8_DSP), beside=PeName.INT8_DSP),
    2: replace(_DEEP, tiles=2, weight_banks=1, kinds=(PeName.LUT_DA, PeName.INT_MUL)),
    4: replace(_DEEP, tiles=4, weight_banks=2, kinds=(PeName.APOT_SHIFT, PeName.INT8_DSP)),
    8: replace(
        _DEEP,
        tiles=8,
        weight_banks=4,
        kinds=(PeName.LUT_DA, PeName.INT8_DSP),
        beside=PeName.INT8_DSP,
    ),
    16: replace(_DEEP, tiles=16, weight_banks=8, kinds=(PeName.APOT_SHIFT, PeName.INT_MUL)),
}
"""Tiles → an engine of 8 lanes with memories for the widest layer."""

Row = dict[str, Any]


@ends_in_a_line()
def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    rows: list[Row] = []
    for place, tiles in enumerate(given.tiles):
        first = given.seed * 100_000
        cases = range(first + place, first + given.layers, len(given.tiles))
        geometry = GEOMETRIES[tiles]
        rows.append(measure(geometry, library_of(geometry), cases))
        print(describe(rows[-1]), file=sys.stderr if given.json else sys.stdout, flush=True)
        write_atomically(given.out, json.dumps(rows, indent=1) + "\n")
    if given.json:
        print(json.dumps(rows, indent=1))
    sys.exit(int(not all(map(holds, rows))))


def holds(row: Row) -> bool:
    found, all_of_them = row["mutants_found"], row["mutants"]
    return not row["wrong"] and not row["other_cycles"] and 0 < found == all_of_them


def describe(row: Row) -> str:
    return (
        f"{row['tiles']} tiles, {', '.join(row['kinds'])}: {row['layers']} layers, "
        f"{len(row['wrong'])} wrong, {row['elements']} integers; {len(row['other_cycles'])} of other cycles "
        f"than predicted; wrong weights found {row['mutants_found']} of {row['mutants']}; "
        f"splits {row['splits']}"
    )


def measure(geometry: Geometry, library: EngineLibrary, cases: Sequence[int]) -> Row:
    """The row of one engine. cases, and of them those that are wrong or of other cycles: seeds of layers."""
    wrong, other, elements = [], [], 0
    splits: Counter[str] = Counter()
    found: list[bool] = []
    for case in cases:
        network = generated_layer(case, geometry)
        program = plan(network, geometry, traced=True)
        splits.update(_splits(program))
        exact, integers, run = _compare(network, program, library, case)
        stalled, _, _ = _compare(network, program, library, case, STALLS)
        elements += integers
        wrong += [] if exact and stalled else [case]
        other += [] if run.cycles == program.predicted_cycles(FRAMES) else [case]
        mutant = (
            with_wrong_weight(network, frames_of(network, FRAMES, case)) if len(found) < MUTANTS else None
        )
        if mutant is not None:
            found.append(not _compare(network, plan(mutant, geometry, traced=True), library, case)[0])
    return {
        "tiles": geometry.tiles,
        "lanes": geometry.lanes,
        "kinds": [str(kind) for kind in geometry.kinds],
        "cases": list(cases),
        "layers": len(cases),
        "elements": elements,
        "wrong": wrong,
        "other_cycles": other,
        "splits": dict(sorted(splits.items())),
        "mutants": len(found),
        "mutants_found": sum(found),
    }


def _compare(
    network: Network, program: Program, library: EngineLibrary, seed: int, stalls: float = 0.0
) -> tuple[bool, int, BulkRun]:
    codes = frames_of(network, FRAMES, seed)
    run = run_bulk(library, program, codes, stalls=stalls, seed=seed)
    names = (network.output_name,)
    check = compare("layer", ("golden", execute(network, codes)), ("rtl", shaped(network, run)), names)
    return check.status is Status.PASS, check.elements, run


def with_wrong_weight(network: Network, codes: IntArray) -> Network | None:
    """`network` with 0 for a weight of its first layer, the first that `codes`, frames, show to be needed.

    None if the layer has no weights, or none that padding, other weights or a requantiser do not hide.
    """
    layer, *others = network.ops
    if not isinstance(layer, Conv2d):
        return None
    right = execute(network, codes)[network.output_name]
    for place in np.flatnonzero(layer.weight):
        weight = layer.weight.copy()
        weight.flat[place] = 0
        mutant = replace(network, ops=(replace(layer, weight=weight), *others))
        if not np.array_equal(execute(mutant, codes)[network.output_name], right):
            return mutant
    return None


def _splits(program: Program) -> set[str]:
    """Kinds and bands × blocks of the program's layers."""
    geometry = program.geometry
    return {
        f"{kinds_of(step.fields, geometry)} "
        f"{geometry.tiles >> step.fields['blocks_log2']}×{1 << step.fields['blocks_log2']}"
        for step in program.instructions
        if step.opcode is Opcode.LAYER
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--layers", type=int, default=100, help="shared out among the engines")
    parser.add_argument("--tiles", nargs="+", type=int, default=list(TILES), choices=TILES, help="1 2 4 8 16")
    parser.add_argument("--seed", type=int, default=1, help="of layers, frames and stalls")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--out", type=Path, default=OUT, help="file for the rows")
    return parser


if __name__ == "__main__":
    main()
