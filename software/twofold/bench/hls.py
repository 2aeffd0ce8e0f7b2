"""Whole networks through hls4ml's C simulation: `python -m twofold.bench.hls --network resnet8`.

Every layer's integers are compared with the golden model's. Rows are written one by one to
build/bench/hls.json, which keeps rows of other networks and options. Ends with code 1 if one integer differs,
or if nothing was compared.

Examples:
  python -m twofold.bench.hls --network resnet8 resnet20 --precision int8 apot --frames 100
  python -m twofold.bench.hls --network model.onnx --data cifar10 --folder CIFAR10
  python -m twofold.bench.hls --network model.onnx --flow Vitis Vivado VivadoAccelerator --strategy latency
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

from twofold.data.load import load
from twofold.errors import UserError, ends_in_a_line
from twofold.files import write_atomically
from twofold.golden.codes import quantise
from twofold.golden.compare import Check, Status, compare
from twofold.golden.execute import execute
from twofold.golden.samples import sample_frames
from twofold.hls.csim import CsimError, compiled, run_csim
from twofold.hls.manifest import HlsProject
from twofold.hls.options import HlsBackend, HlsOptions, HlsStrategy
from twofold.hls.project import generate
from twofold.hls.types import IoType
from twofold.network.graph import Network
from twofold.network.ops import Flatten
from twofold.network.types import IntArray
from twofold.qonnx.importer.load import import_model
from twofold.qonnx.untrained import export_untrained
from twofold.quant.recipe import Apot, ApotWeights, Int, Recipe

OUT = Path("build/bench/hls.json")
WORK = Path("build/bench/hls")
REFUSED = "refused"
RECIPES: dict[str, Recipe] = {
    "int8": Int(8),
    "apot": Apot(4, 4),
    "apot-weights": ApotWeights(4, 4, residual_bits=4),
}
"""All INT8; APoT weights and activations; APoT weights and uniform activations. First and last layer INT8."""


@dataclass(frozen=True)
class HlsRow:
    """label: network and precision. elements, mismatches: integers of all layers and frames.

    status: as of a check, or refused, with the reason in `detail`. seconds: to write the project, to compile
    it, to simulate all frames.
    """

    label: str
    options: str
    status: str
    frames: int
    layers: int
    elements: int
    mismatches: int
    detail: str
    seconds_generate: float
    seconds_compile: float
    seconds_simulate: float

    @property
    def line(self) -> str:
        """For people."""
        first = f": {self.detail}" if self.detail else ""
        if self.status == REFUSED:
            return f"{self.label}, {self.options}: {REFUSED}{first}"
        return (
            f"{self.label}, {self.options}: {self.status}, {self.mismatches:,} of {self.elements:,} integers "
            f"differ over {self.frames} frames and {self.layers} layers{first}; compiled in "
            f"{self.seconds_compile} s, simulated in {self.seconds_simulate} s"
        )


def load_network(name: str, precision: str, seed: int) -> tuple[str, Network]:
    """Label and network: a QONNX file, or a network by name with random weights drawn with `seed`."""
    if name.endswith(".onnx"):
        return Path(name).stem, import_model(Path(name))
    path = WORK / f"{name}-{precision}-{seed}.onnx"
    if not path.is_file():
        export_untrained(name, RECIPES[precision], path, seed=seed)
    return f"{name} {precision}", import_model(path)


def choices(given: argparse.Namespace) -> Iterator[tuple[str, HlsOptions | UserError]]:
    """Every combination by name; the error instead of one that cannot be built."""
    for flow, io, strategy in product(given.flow, given.io, given.strategy):
        board = given.board if flow == HlsBackend.VIVADO_ACCELERATOR else None
        try:
            yield (
                f"{flow} {io} {strategy}",
                HlsOptions(HlsBackend(flow), IoType(io), HlsStrategy(strategy), board=board),
            )
        except UserError as error:
            yield f"{flow} {io} {strategy}", error


def measure(
    label: str, name: str, network: Network, frames: IntArray, options: HlsOptions | UserError
) -> HlsRow:
    """Writes, compiles and runs the project on codes [N, *input shape]. name: of the options."""
    start = time.perf_counter()
    try:
        if isinstance(options, UserError):
            raise options
        project = generate(network, WORK / f"{label} {name}".replace(" ", "-"), options)
    except UserError as error:
        return HlsRow(label, name, REFUSED, 0, 0, 0, 0, str(error), 0, 0, 0)
    written = time.perf_counter()
    compiled(project)
    built = time.perf_counter()
    check = _check(label, network, project, frames)
    ended = time.perf_counter()
    return HlsRow(
        label,
        name,
        str(check.status),
        check.frames,
        len(check.tensors),
        check.elements,
        check.mismatches,
        check.detail,
        round(written - start, 1),
        round(built - written, 1),
        round(ended - built, 1),
    )


def _check(label: str, network: Network, project: HlsProject, frames: IntArray) -> Check:
    required = tuple(op.output for op in network.ops if not isinstance(op, Flatten))
    try:
        found = run_csim(project, frames)
    except CsimError as error:
        return Check.failed(label, "golden", "hls", str(error))
    return compare(label, ("golden", execute(network, frames)), ("hls", found), required)


def frames_for(network: Network, given: argparse.Namespace) -> IntArray:
    """Images of a data set's test part, or codes: all least, all greatest, then random ones."""
    if given.data is None:
        return sample_frames(network, given.frames, given.seed)
    test = load(given.data, given.folder, seed=0).test.take(slice(given.frames))
    return quantise(test.real.numpy(), network.input.type)


def keep(row: HlsRow, out: Path) -> None:
    """Adds the row to the file, in place of one of the same label and options."""
    rows = json.loads(out.read_text()) if out.is_file() else []
    key = (row.label, row.options)
    rows = [other for other in rows if (other["label"], other.get("options")) != key] + [asdict(row)]
    write_atomically(out, json.dumps(rows, indent=2) + "\n")


@ends_in_a_line()
def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    statuses = set()
    for source in given.network:
        for precision in ["as exported"] if source.endswith(".onnx") else given.precision:
            label, network = load_network(source, precision, given.seed)
            frames = frames_for(network, given)
            for name, options in choices(given):
                row = measure(label, name, network, frames, options)
                print(row.line, flush=True)
                keep(row, given.out)
                statuses.add(row.status)
    sys.exit(int(not {Status.PASS} <= statuses <= {Status.PASS, REFUSED}))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", nargs="+", default=["resnet8", "resnet20"], help="names or QONNX files")
    parser.add_argument("--precision", nargs="+", choices=RECIPES, default=["int8", "apot"])
    parser.add_argument("--flow", nargs="+", choices=list(HlsBackend), default=[HlsBackend.VITIS])
    parser.add_argument("--io", nargs="+", choices=list(IoType), default=[IoType.STREAM])
    parser.add_argument("--strategy", nargs="+", choices=list(HlsStrategy), default=[HlsStrategy.BUDGET])
    parser.add_argument("--board", default="pynq-z2", help="of the flow VivadoAccelerator")
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="of random weights and random codes")
    parser.add_argument("--data", help="a data set; random codes if not given")
    parser.add_argument("--folder", type=Path, help="where the data set lies")
    parser.add_argument("--out", type=Path, default=OUT)
    return parser


if __name__ == "__main__":
    main()
