"""Files of others through the importer: `python -m twofold.bench_import FOLDER --data MNIST`.

For each file outcome and reason, equality of every shared integer with the qonnx executor's, and speed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from twofold.candidates import Subject, check_hls, check_qonnx, check_rtl
from twofold.data.load import load
from twofold.errors import UserError
from twofold.files import write_atomically
from twofold.golden.compare import Check, Status
from twofold.golden.execute import Golden
from twofold.qonnx.example_networks import NAMES, export_example
from twofold.qonnx.executor import run_executor
from twofold.qonnx.importer.load import Imported, import_file
from twofold.qonnx.read import CORE_DOMAINS, read_model

OUT = Path("build/bench/import.json")
FRESH = Path("build/bench/brevitas")
_SINGLES = 5
"""Frames that the executor runs one by one, as the files are exported."""

Images = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Speed:
    """Images a second: golden and executor on the whole batch, executor_single on one image at a time.

    onnxruntime: None where it does not run the file as it is, with the reason beside it.
    """

    golden: float
    executor: float
    executor_single: float
    onnxruntime: float | None
    reason: str = ""


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
    speed = _speed(path, imported, codes, images)
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


def _speed(path: Path, imported: Imported, codes: npt.NDArray[np.int64], images: Images) -> Speed:
    network, golden = imported.network, Golden(imported.network)
    golden.outputs(codes)
    single = min(_SINGLES, len(codes))

    def one_by_one() -> None:
        for index in range(single):
            run_executor(path, network, codes[index : index + 1], images[index : index + 1])

    runtime, reason = _runtime(path, images)
    return Speed(
        golden=_rate(lambda: golden.outputs(codes), len(codes), 3),
        executor=_rate(lambda: run_executor(path, network, codes, images), len(codes)),
        executor_single=_rate(one_by_one, single),
        onnxruntime=runtime,
        reason=reason,
    )


def _runtime(path: Path, images: Images) -> tuple[float | None, str]:
    """ONNX Runtime on the file as it is, one thread, at its batch."""
    model = read_model(path)
    foreign = {node.op_type for node in model.graph.node if node.domain not in CORE_DOMAINS}
    if foreign:
        return None, f"ONNX Runtime has no {', '.join(sorted(foreign))}"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0]
    batch = source.shape[0] if isinstance(source.shape[0], int) else len(images)
    count = len(images) // batch * batch

    def run() -> None:
        for start in range(0, count, batch):
            session.run(None, {source.name: images[start : start + batch]})

    return (_rate(run, count), "") if count else (None, f"it takes batches of {batch}")


def _rate(run: Callable[[], object], images: int, rounds: int = 1) -> float:
    """Images a second in the best of some rounds."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return round(images / min(seconds), 1)


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
    speed, runtime = row.speed, row.speed.onnxruntime
    others = f"ONNX Runtime {runtime:,.0f}" if runtime else speed.reason
    return (
        f"{words}; {checks}; images/s: golden {speed.golden:,.0f}, executor {speed.executor:,.0f}, one by "
        f"one {speed.executor_single:,.0f}, {others}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Exit code 1 if an imported network differs anywhere, or a check did not run."""
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
    if any(check["status"] != Status.PASS for row in rows for check in row.checks):
        sys.exit(1)


if __name__ == "__main__":
    main()
