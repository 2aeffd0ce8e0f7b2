"""A float network beside what post-training quantisation makes of it: accuracy, size, CPU time.

`python -m twofold.bench.post_training RUN --data cifar10 --data-folder FOLDER`; RUN is a float run's folder.
Every runtime classifies the same test images in one thread, in one process, one after the other. The logits
of the static network are integers, the same in golden and ONNX Runtime: else the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quant_pre_process, quantize_dynamic
from torch import Tensor, nn

from twofold.data.dataset import Dataset, Images
from twofold.errors import ends_in_a_line
from twofold.files import write_atomically
from twofold.golden.execute import Golden
from twofold.metrics import accuracy
from twofold.qonnx.importer.load import import_file
from twofold.qonnx.integer_runtime import IntegerRuntime
from twofold.qonnx.runtime import session_of
from twofold.train.result import TrainResult, onnx_path
from twofold.train.run import train
from twofold.train.teacher import float_network

OUT = Path("build/bench/post_training.json")
BATCH = 50
OPSET = 17

Classify = Callable[[Tensor], Tensor]
"""Float32 images [N, C, H, W] → logits [N, classes], of any scale."""


@dataclass(frozen=True)
class Contender:
    """baseline: the runtime whose float network its CPU time is compared with. megabytes: 10^6 bytes.

    equals: the runtime before it that gives the same logits for the same method, integer by integer.
    """

    method: str
    runtime: str
    baseline: str
    megabytes: float
    classify: Classify
    equals: str | None = None


@dataclass(frozen=True)
class Row:
    """accuracy: percent of `images` test images. size_ratio: of the float network's megabytes over these.

    cpu_ratio: CPU time over that of the float network in the runtime `baseline`. differing: how many of the
    logits `compared` are not those of the runtime `equals`, where there is one.
    """

    run: str
    method: str
    runtime: str
    baseline: str
    images: int
    accuracy: float
    megabytes: float
    size_ratio: float
    cpu_seconds: float
    cpu_ratio: float
    equals: str | None
    compared: int = 0
    differing: int = 0


def contenders(network: nn.Module, dataset: Dataset, run: Path, work: Path) -> Iterator[Contender]:
    """The float network in PyTorch and ONNX Runtime, then the quantised ones. work: for recipes' runs."""
    exported = _float_model(network, dataset.test.real[:1])
    yield Contender("float32", "PyTorch", "PyTorch", _bytes_of(network) / 1e6, network)
    yield Contender("float32", "ONNX Runtime", "ONNX Runtime", exported.ByteSize() / 1e6, _runtime(exported))
    static = train("ptq_static", dataset, work / "ptq_static", model=network, start=run)
    yield from _of_integers(static)
    dynamic = train("ptq_dynamic", dataset, work / "ptq_dynamic", model=network, start=run)
    megabytes = _bytes_of(network) / dynamic.size_ratio / 1e6
    yield Contender("ptq_dynamic", "PyTorch", "PyTorch", megabytes, dynamic.module.eval())
    theirs = _dynamic_model(exported)
    yield Contender(
        "ONNX Runtime's dynamic", "ONNX Runtime", "ONNX Runtime", theirs.ByteSize() / 1e6, _runtime(theirs)
    )


def _of_integers(static: TrainResult) -> Iterator[Contender]:
    imported = import_file(onnx_path(static.folder))
    network, reader = imported.network, imported.reader
    runtime, golden = IntegerRuntime(network), Golden(network)

    def in_runtime(images: Tensor) -> Tensor:
        return torch.from_numpy(runtime.outputs(reader.codes_of(images.numpy())))

    def in_golden(images: Tensor) -> Tensor:
        return torch.from_numpy(golden.outputs(reader.codes_of(images.numpy())))

    megabytes = runtime.model.ByteSize() / 1e6
    yield Contender("ptq_static", "ONNX Runtime", "ONNX Runtime", megabytes, in_runtime)
    yield Contender("ptq_static", "golden", "PyTorch", megabytes, in_golden, "ONNX Runtime")


def _bytes_of(network: nn.Module) -> int:
    return sum(value.numel() * value.element_size() for value in network.parameters())


def _float_model(network: nn.Module, image: Tensor) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the exporter that needs no onnxscript
        path = onnx_path(Path(folder))
        torch.onnx.export(
            network, (image,), path, opset_version=OPSET, dynamo=False,
            input_names=["images"], dynamic_axes={"images": {0: "N"}},
        )  # fmt: skip
        return onnx.load_model(path)


def _dynamic_model(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weights of 8 bits, activations by the range of each batch; prepared as ONNX Runtime advises."""
    with tempfile.TemporaryDirectory() as folder:
        prepared, path = Path(folder) / "prepared.onnx", onnx_path(Path(folder))
        quant_pre_process(model, prepared)
        quantize_dynamic(prepared, path, weight_type=QuantType.QUInt8)
        return onnx.load_model(path)


def _runtime(model: onnx.ModelProto) -> Classify:
    session = session_of(model)
    (source,) = session.get_inputs()
    return lambda images: torch.from_numpy(session.run(None, {source.name: images.numpy()})[0])


def measure(run: Path, dataset: Dataset, network: nn.Module, images: Images, work: Path) -> tuple[Row, ...]:
    """A row for each contender, the float ones first."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    rows, logits = list[Row](), dict[tuple[str, str | None], Tensor]()
    try:
        for contender in contenders(network, dataset, run, work):
            found, seconds = _timed(contender.classify, images)
            logits[contender.method, contender.runtime] = found
            differing, compared = _differing(found, logits.get((contender.method, contender.equals)))
            floats = {row.runtime: row for row in rows if row.method == "float32"}
            megabytes, baseline = contender.megabytes, floats.get(contender.baseline)
            size_ratio = baseline.megabytes / megabytes if baseline else 1.0
            cpu_ratio = seconds / baseline.cpu_seconds if baseline else 1.0
            rows.append(
                Row(
                    run.name, contender.method, contender.runtime, contender.baseline, len(images),
                    accuracy(found, images.labels), megabytes, size_ratio, seconds, cpu_ratio,
                    contender.equals, compared, differing,
                )
            )  # fmt: skip
            print(line(rows[-1]), flush=True)
    finally:
        torch.set_num_threads(threads)
    return tuple(rows)


def _differing(found: Tensor, equal: Tensor | None) -> tuple[int, int]:
    """(how many differ, of how many that were compared)."""
    return (0, 0) if equal is None else (int((found != equal).sum()), equal.numel())


def _timed(classify: Classify, images: Images) -> tuple[Tensor, float]:
    """(logits [N, classes], CPU seconds)."""
    batches = [batch.real for batch in images.batches(BATCH)]
    with torch.no_grad():
        classify(batches[0])
        start = time.process_time()
        logits = [classify(batch) for batch in batches]
        seconds = time.process_time() - start
    return torch.cat(logits), seconds


def line(row: Row) -> str:
    """For people."""
    return (
        f"{row.run}, {row.method} in {row.runtime}: {row.accuracy:.2f}% of {row.images:,} images, "
        f"{row.megabytes:.2f} MB ({row.size_ratio:.2f}× smaller), {row.cpu_seconds:.1f} s of CPU, "
        f"{row.cpu_ratio:.1%} of float32 in {row.baseline}"
        + (f"; {row.differing:,} of {row.compared:,} logits differ from {row.equals}" if row.equals else "")
    )


@ends_in_a_line()
def main(arguments: Sequence[str] | None = None) -> None:
    """Exit code 2, with the reason in a line, for a folder that holds no float run on the data; 1 where
    logits that are to be equal are not.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="folders of float runs")
    parser.add_argument("--data", default="digits", help="what they were trained on")
    parser.add_argument("--data-folder", type=Path)
    parser.add_argument("--images", type=int, default=1000, help="of the test part, the first ones")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args(arguments)
    if given.images < 1:
        parser.error(f"--images: expected at least 1, got {given.images}")
    rows: list[Row] = []
    for run in given.runs:
        dataset, network = float_network(run, given.data, given.data_folder)
        images = dataset.test.take(slice(given.images))
        rows += measure(run, dataset, network, images, given.out.parent / "post_training" / run.name)
        write_atomically(given.out, json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    if wrong := [line(row) for row in rows if row.differing]:
        sys.exit("\n".join(f"expected equal integers: {told}" for told in wrong))


if __name__ == "__main__":
    main()
