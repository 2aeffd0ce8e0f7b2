"""Whole networks on engines of one to sixteen tiles: exact in every layer, cycles, utilisation, resources.

Each row compares every layer of some frames with the golden model while all AXI channels pause at random,
then the logits of frames without pauses or stores between layers, whose cycles it counts. Rows are written
one by one; those that are there and still hold are not measured again. Ends with code 1 if a row is wrong,
predicted cycles are off by more than 2%, or a path is longer than 5 LUTs and a carry chain.

Examples:
  python -m twofold.sim.bench_engine --network resnet8 --precision 4-bit --tiles 1 8 --synth
  python -m twofold.sim.bench_engine --network resnet20 --tiles 1 --widths 12 23 45
  python -m twofold.sim.bench_engine --network resnet8 --precision 4-bit --tiles 16 --device XCZU7EV \\
    --kinds apot_shift int8_dsp
  python -m twofold.sim.bench_engine --network resnet8 --precision 4-bit --tiles 8 --device XCZU7EV \\
    --kinds apot_shift int8_dsp --beside int8_dsp
  python -m twofold.sim.bench_engine --network model.onnx --tiles 8 --images 1000 --folder CIFAR10
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twofold.data.load import load
from twofold.errors import ends_in_a_line
from twofold.files import write_atomically
from twofold.golden.compare import Status
from twofold.network.digest import digest
from twofold.network.graph import Network
from twofold.plan.schedule import plan
from twofold.rtl.geometry import TILES, PeName
from twofold.sim.engine_row import (
    Conditions,
    check_layers,
    library_of,
    simulation_columns,
    steady_state,
    synthesis_columns,
)
from twofold.sim.engine_subject import KINDS, EngineChoice, Precision, Subject, subjects
from twofold.sim.image_check import check_images
from twofold.synth.depth import CARRIES_MAX
from twofold.synth.devices import DEVICES, ZYNQ_7020
from twofold.synth.engine import LUTS_MAX

OUT = Path("build/bench/engine.json")
CYCLES_TOLERANCE = 0.02
_TILES = [tiles for tiles in TILES if tiles <= 8]
"""What a Zynq-7020 can hold."""
_SOURCES = Path(__file__).parents[3]
_PACKAGES = (
    *("hardware/twofold/rtl", "hardware/twofold/plan", "sim/twofold/sim"),
    *("software/twofold/golden", "software/twofold/network"),
)
"""What a row depends on: the engine, its programs, its simulation, and what it is compared with."""

Row = dict[str, Any]


@ends_in_a_line()
def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    rows = [_bench(subject, given) for subject in _subjects(given)]
    print(json.dumps(rows, indent=1) if given.json else "\n".join(map(describe, rows)))
    sys.exit(int(not all(map(holds, rows))))


def holds(row: Row) -> bool:
    """Whether every integer is right, cycles are as predicted, and no path is too long."""
    cycles = row["cycles_per_frame"]
    outputs = (row["output"], row.get("images", {"mismatches": 0}))
    exact = row["check"] == Status.PASS and not any(output["mismatches"] for output in outputs)
    predicted = abs(cycles["predicted"] / cycles["simulated"] - 1) <= CYCLES_TOLERANCE
    depth = (row.get("resources") or {}).get("depth", {"lut": 0, "carry": 0})
    return exact and predicted and depth["lut"] <= LUTS_MAX and depth["carry"] <= CARRIES_MAX


def describe(row: Row) -> str:
    """A row in words."""
    cycles, speed = row["cycles_per_frame"], row["simulation"]["clocks_per_cpu_second"]
    waste = ", ".join(f"{cause} {share:.1%}" for cause, share in row["waste"].items() if share >= 0.005)
    text = (
        f"{row['label']}: {row['check']}, {row['mismatches']} of {row['elements']} integers differ, "
        f"{row['output']['mismatches']} of {row['output']['elements']} logits without stores between differ; "
        f"{cycles['simulated']} cycles a frame, predicted {cycles['predicted']}; "
        f"{row['utilisation']:.1%} of MACs busy ({waste}); {speed} cycles per CPU-second"
    )
    if row["resources"]:
        used, words = row["resources"], "fits" if row["fits"] else "does not fit"
        text += f"; {used['lut']} LUT + {used['lutram']}, {used['ff']} FF, {used['dsp']} DSP, "
        text += f"{used['bram36']} BRAM36: {words} {row['device']}; longest path {used['depth']['path']}"
    if "images" in row:
        text += f"; {row['images']['mismatches']} of {row['images']['elements']} logits differ over "
        text += f"{row['images']['frames']} images"
    return text


def _bench(subject: Subject, given: argparse.Namespace) -> Row:
    """The subject's row, from the file as far as it still holds; the file is written after each part."""
    network = subject.load()
    conditions = Conditions(given.frames, given.stalls, given.seed)
    key = _key(subject, network, conditions)
    row = _kept(given.out, subject.label, key)
    if row is None:
        print(f"{subject.label}: compile and simulate", file=sys.stderr, flush=True)
        row = {"label": subject.label, "key": key, **_simulate(subject, network, conditions)}
        _keep(given.out, row)
    if given.synth and row["resources"] is None:
        print(f"{subject.label}: synthesise", file=sys.stderr, flush=True)
        row |= synthesis_columns(subject.geometry(network), subject.engine.device)
        _keep(given.out, row)
    if given.images:
        print(f"{subject.label}: {given.images} images of {given.data}", file=sys.stderr, flush=True)
        images = load(given.data, given.folder).test.take(slice(given.images))
        geometry = subject.geometry(network)
        library = library_of(geometry)
        row |= {"images": check_images(network, plan(network, geometry), library, images)}
        _keep(given.out, row)
    return row


def _simulate(subject: Subject, network: Network, conditions: Conditions) -> Row:
    geometry = subject.geometry(network)
    library = library_of(geometry)
    check = check_layers(network, geometry, library, conditions)
    steady = steady_state(network, plan(network, geometry), library, conditions.seed)
    return {
        "network": subject.name,
        "precision": str(subject.precision),
        "geometry": {
            "tiles": geometry.tiles,
            "lanes": geometry.lanes,
            "kinds": list(geometry.kinds),
            "beside": geometry.beside,
        },
        "seed": conditions.seed,
        "stalls": conditions.stalls,
        **simulation_columns(geometry, check, steady),
        "resources": None,
        "fits": None,
    }


def _key(subject: Subject, network: Network, conditions: Conditions) -> str:
    """Names what a row was measured on: the network, the conditions, and the sources of _PACKAGES."""
    parts = [repr(subject), digest(network), repr(conditions)]
    for package in _PACKAGES:
        files = sorted(path for path in (_SOURCES / package).rglob("*") if path.suffix in (".py", ".cpp"))
        parts += [path.read_text() for path in files]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _rows(out: Path) -> list[Row]:
    return json.loads(out.read_text()) if out.is_file() else []


def _kept(out: Path, label: str, key: str) -> Row | None:
    return next((row for row in _rows(out) if (row["label"], row["key"]) == (label, key)), None)


def _keep(out: Path, row: Row) -> None:
    """Puts the row in the file, in the place of an older one with its label."""
    rows = _rows(out)
    place = next((at for at, other in enumerate(rows) if other["label"] == row["label"]), len(rows))
    rows[place : place + 1] = [row]
    write_atomically(out, json.dumps(rows, indent=1) + "\n")


def _subjects(given: argparse.Namespace) -> list[Subject]:
    precisions = [Precision(word) for word in given.precision]
    widths = tuple(given.widths) if given.widths else None
    kinds, device = tuple(map(PeName, given.kinds)), DEVICES[given.device]
    beside = PeName(given.beside) if given.beside else None
    engines = [EngineChoice(tiles, given.lanes, kinds, device, beside) for tiles in given.tiles]
    return subjects(given.network, precisions, engines, given.seed, widths)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    named = [str(Precision.FOUR_BIT), str(Precision.INT8)]
    networks = ["resnet8", "resnet20"]
    parser.add_argument(
        "--network", nargs="+", default=networks, help="names, or QONNX files of trained ones"
    )
    parser.add_argument("--precision", nargs="+", default=named, choices=named, help="of networks by name")
    parser.add_argument(
        "--tiles", nargs="+", type=int, default=_TILES, choices=TILES, help="1 2 4 8; 16, too, if asked for"
    )
    parser.add_argument("--lanes", type=int, default=16, help="of a tile, a multiple of 8")
    parser.add_argument(
        "--kinds", nargs="+", default=list(KINDS), choices=list(PeName), help="of PE arrays, the best first"
    )
    parser.add_argument(
        "--beside",
        choices=[kind for kind in PeName if kind is not PeName.LUT_DA],
        help="one of the kinds, which computes half of a layer's output blocks beside another one",
    )
    parser.add_argument(
        "--device", default=ZYNQ_7020.name, choices=DEVICES, help="whose DSP blocks and block RAMs are taken"
    )
    parser.add_argument("--frames", type=int, default=3, help="compared in every layer")
    parser.add_argument("--stalls", type=float, default=0.2, help="share of cycles in which a channel pauses")
    parser.add_argument("--seed", type=int, default=0, help="of weights, frames and stalls")
    parser.add_argument(
        "--widths", nargs="+", type=int, help="of the stacks of ResNets by name; as published if not given"
    )
    parser.add_argument("--synth", action="store_true", help="the whole engine by Yosys, minutes a row")
    parser.add_argument(
        "--images", type=int, default=0, help="of a data set's test part; compares all logits"
    )
    parser.add_argument("--data", default="cifar10", help="the data set of --images")
    parser.add_argument("--folder", type=Path, help="where its files are")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--out", type=Path, default=OUT, help="file for the rows")
    return parser


if __name__ == "__main__":
    main()
