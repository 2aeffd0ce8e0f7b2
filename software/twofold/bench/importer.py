"""Files of others through the importer: `python -m twofold.bench.importer FOLDER --data MNIST`.

For each file outcome and reason, equality of every shared integer with the qonnx executor's, and speed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twofold.data.load import load
from twofold.errors import UserError, ends_in_a_line
from twofold.files import write_atomically
from twofold.golden.compare import Check, Status
from twofold.qonnx.example_networks import NAMES, export_example
from twofold.qonnx.importer.load import Imported, import_file
from twofold.qonnx.speed import Rate, Speed, speed_of
from twofold.verification.candidates import Subject, check_hls, check_qonnx, check_rtl

OUT = Path("build/bench/import.json")
FRESH = Path("build/bench/brevitas")
Images = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ImportRow:
    """outcome: exact, approximate or refused. seconds: from file to network. checks: with golden."""

    file: str
    outcome: str
    reason: str
    seconds: float
    frames: int = 0
    checks: tuple[dict[str, Any], ...] = ()
    speed: Speed | None = None


@dataclass(frozen=True)
class Options:
    """frames: for golden and the executor; hls, rtl: frames there, 0 for none. data: a folder of MNIST."""

    frames: int
    hls: int
    rtl: int
    approximate: bool
    data: Path | None
    work: Path


def measure(path: Path, options: Options) -> ImportRow:
    """What comes of one file."""
    start = time.perf_counter()
    try:
        imported = import_file(path, options.approximate)
    except UserError as error:
        return ImportRow(path.name, "refused", str(error), round(time.perf_counter() - start, 3))
    seconds = round(time.perf_counter() - start, 3)
    outcome = "approximate" if imported.errors else "exact"
    images = _images(imported, options)
    codes = imported.reader.codes_of(images)
    work = options.work / path.stem
    subject = Subject(path.stem, path, imported.network, codes, work, images, imported.views, imported.bounds)
    checks = [check.as_json() for check in _checks(subject, options)]
    speed = speed_of(path, imported, codes, images)
    return ImportRow(path.name, outcome, "", seconds, len(codes), tuple(checks), speed)


def _images(imported: Imported, options: Options) -> Images:
    """MNIST's where they fit, else images of random codes."""
    reader, frames = imported.reader, options.frames
    if options.data is not None:
        test = load("mnist", options.data, seed=0).test.take(slice(frames))
        if tuple(test.pixels.shape[1:]) == reader.image_shape:
            return test.real.numpy()
    random = np.random.default_rng(0)
    return reader.images_of(random.choice(reader.codes, (min(frames, 4), *reader.shape)))


def _checks(subject: Subject, options: Options) -> Iterator[Check]:
    yield check_qonnx(subject)
    if options.hls:
        yield check_hls(subject.first(options.hls))
    if options.rtl:
        yield check_rtl(subject.first(options.rtl), seed=0)


def line(row: ImportRow) -> str:
    """For people."""
    words = f"{row.file}: {row.outcome} after {row.seconds} s"
    if row.speed is None:
        return f"{words}: {row.reason}"
    checks = ", ".join(
        f"{c['candidate']} {c['status']} ({c['mismatches']:,} of {c['elements']:,} integers differ, "
        f"{c['frames']} frames)" + (f": {c['detail']}" if c["detail"] else "")
        for c in row.checks
    )
    return f"{words}; {checks}; images a CPU-second: {_speeds(row.speed)}"


def _speeds(speed: Speed) -> str:
    def times(rate: float) -> str:
        return f"{rate:,.0f} (golden is {speed.golden / rate:,.2f} times as fast)"

    def words(name: str, rate: Rate) -> str:
        differing = f", {rate.differing:,} integers differ" if rate.differing else ""
        return f"{name} {times(rate.images_a_second)}{differing}" if rate.images_a_second else rate.reason

    return "; ".join(
        (
            f"golden {speed.golden:,.0f}",
            f"executor on the batch {times(speed.executor)}",
            f"executor image by image {times(speed.executor_single)}",
            words("ONNX Runtime on the file", speed.runtime_file),
            words("ONNX Runtime in integers", speed.runtime_integers),
        )
    )


@ends_in_a_line()
def main(arguments: Sequence[str] | None = None) -> None:
    """Exit code 1 if an imported network differs anywhere, a check did not run, or every file is refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path, help="a folder of .onnx files")
    parser.add_argument("--data", type=Path, help="a folder with MNIST in its official layout")
    parser.add_argument("--frames", type=int, default=1000, help="images; 4 where MNIST does not fit")
    parser.add_argument("--hls", type=int, default=0, help="frames through the C simulation")
    parser.add_argument("--rtl", type=int, default=0, help="frames through the simulated engine")
    parser.add_argument("--approximate", action="store_true")
    parser.add_argument("--brevitas", action="store_true", help="Brevitas's example networks as well")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args(arguments)
    files = sorted(given.models.glob("*.onnx"))
    if given.brevitas:
        files += [export_example(name, FRESH, seed=0) for name in NAMES]
    if not files:
        sys.exit(f"{given.models}: expected .onnx files, found none")
    options = Options(
        given.frames, given.hls, given.rtl, given.approximate, given.data, given.out.parent / "import"
    )
    rows = []
    for path in files:
        rows.append(measure(path, options))
        print(line(rows[-1]), flush=True)
        write_atomically(given.out, json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    if not any(row.checks for row in rows):
        sys.exit(f"{given.models}: expected a file that can be imported, all {len(rows)} are refused")
    if any(check["status"] != Status.PASS for row in rows for check in row.checks):
        sys.exit(1)


if __name__ == "__main__":
    main()
