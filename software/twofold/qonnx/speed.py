"""How many images a second golden, the qonnx executor and ONNX Runtime execute, in one thread each.

Seconds are the process's CPU time, so that other work on the machine is not counted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from twofold.errors import UserError
from twofold.golden.execute import Golden
from twofold.network.graph import Network
from twofold.network.types import AnyIntArray, IntArray, IntType
from twofold.qonnx.dialect import CORE_DOMAINS
from twofold.qonnx.executor import run_executor
from twofold.qonnx.importer.load import Imported
from twofold.qonnx.integer_runtime import IntegerRuntime
from twofold.qonnx.read import read_model
from twofold.qonnx.runtime import session_of

SINGLES = 5
"""Frames that the executor runs one by one."""
ENOUGH = 0.4
"""CPU seconds after which no further run is made; the fastest counts."""

Images = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Rate:
    """images_a_second: None where it does not run, with the reason beside it.

    differing: integers of the output that are not golden's; None where it does not give integers.
    """

    images_a_second: float | None
    reason: str = ""
    differing: int | None = None


@dataclass(frozen=True)
class Speed:
    """Images a second: golden and executor on the whole batch, executor_single on one image at a time.

    runtime_file: ONNX Runtime on the file as it is, at its batch. runtime_integers: on the same network in
    ONNX's integer operators, on the whole batch.
    """

    golden: float
    executor: float
    executor_single: float
    runtime_file: Rate
    runtime_integers: Rate


def speed_of(path: Path, imported: Imported, codes: IntArray, images: Images) -> Speed:
    """codes: frames [N, *input shape]; images: what the file's quantiser makes them of."""
    network, golden = imported.network, Golden(imported.network)
    frames = _narrowest(codes, network.input.type)
    single = min(SINGLES, len(codes))

    def one_by_one() -> None:
        for index in range(single):
            run_executor(path, network, codes[index : index + 1], images[index : index + 1])

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return Speed(
            golden=_rate(lambda: golden.outputs(frames), len(codes)),
            executor=_rate(lambda: run_executor(path, network, codes, images), len(codes)),
            executor_single=_rate(one_by_one, single),
            runtime_file=_runtime_file(path, images),
            runtime_integers=_runtime_integers(network, codes, golden.outputs(frames)),
        )
    finally:
        torch.set_num_threads(threads)


def _narrowest(codes: IntArray, type_: IntType) -> AnyIntArray:
    return codes.astype(np.min_scalar_type(type_.lo if type_.signed else type_.hi))


def _runtime_file(path: Path, images: Images) -> Rate:
    model = read_model(path)
    foreign = {node.op_type for node in model.graph.node if node.domain not in CORE_DOMAINS}
    if foreign:
        return Rate(None, f"ONNX Runtime has no {', '.join(sorted(foreign))}")
    session = session_of(model)
    source = session.get_inputs()[0]
    batch = source.shape[0] if isinstance(source.shape[0], int) else len(images)
    count = len(images) // batch * batch
    if not count:
        return Rate(None, f"it takes batches of {batch}")

    def run() -> None:
        for start in range(0, count, batch):
            session.run(None, {source.name: images[start : start + batch]})

    return Rate(_rate(run, count))


def _runtime_integers(network: Network, codes: IntArray, golden: IntArray) -> Rate:
    try:
        runtime = IntegerRuntime(network)
    except UserError as error:
        return Rate(None, str(error))
    lifted = runtime.lifted(codes)
    differing = int((runtime.integers(runtime.run(lifted)) != golden).sum())
    return Rate(_rate(lambda: runtime.run(lifted), len(codes)), differing=differing)


def _rate(run: Callable[[], object], images: int) -> float:
    """Images a second in the fastest run."""
    best, spent = math.inf, 0.0
    while spent < ENOUGH:
        start = time.process_time()
        run()
        seconds = max(time.process_time() - start, time.get_clock_info("process_time").resolution)
        best, spent = min(best, seconds), spent + seconds
    return round(images / best, 1)
