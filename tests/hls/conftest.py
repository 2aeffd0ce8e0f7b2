"""Small hand-made networks that hold every kind of op."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from twofold.hls.csim import compiled
from twofold.hls.manifest import HlsProject
from twofold.hls.options import HlsOptions
from twofold.hls.project import generate
from twofold.hls.types import IoType
from twofold.network.dyadic import Dyadic
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Add, Conv2d, Flatten, Linear, MaxPool2d, Op, Requantise, SumPool2d, Threshold
from twofold.network.ranges import result_range, value_ranges
from twofold.network.shapes import result_shape
from twofold.network.types import IntType
from twofold.network.verify import verify
from twofold.quant.levels import weight_levels

ONE = Dyadic(1)


class Builder:
    """Appends ops; the types of exact results come from range analysis."""

    def __init__(self, shape: tuple[int, ...], type_: IntType, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.tensors = [Tensor("x", shape, type_)]
        self.ops: list[Op] = []

    def network(self, output: str) -> Network:
        return Network.of("hand_made", self.tensors, self.ops, "x", output)

    def add(self, op: Op, type_: IntType | None = None, scale: Dyadic = ONE) -> str:
        known = self.network(op.inputs[0])
        shape = result_shape(op, *(tensor.shape for tensor in known.operands(op)))
        if type_ is None:
            ranges = value_ranges(known)
            bounds = result_range(op, known, *(ranges[name] for name in op.inputs)).bounds
            type_ = IntType.holding(*bounds, scale)
        self.tensors.append(Tensor(op.output, shape, type_))
        self.ops.append(op)
        return op.output

    def shape(self, name: str) -> tuple[int, ...]:
        return next(tensor.shape for tensor in self.tensors if tensor.name == name)

    def conv(self, name: str, source: str, outputs: int, kernel: tuple[int, int], **geometry: object) -> str:
        channels = self.shape(source)[0] // int(str(geometry.get("groups", 1)))
        weight = self.rng.integers(-10, 11, (outputs, channels, *kernel))
        bias = self.rng.integers(-200, 200, outputs)
        return self.add(Conv2d(name, (source,), f"{name}_sum", weight, bias, **geometry))  # type: ignore[arg-type]

    def requantise(self, name: str, source: str, type_: IntType, shift: int = 7) -> str:
        channels = self.shape(source)[0]
        multiplier = self.rng.integers(1, 16, channels)
        shifts = np.full(channels, shift) + np.arange(channels) % 3
        return self.add(Requantise(name, (source,), name, multiplier, shifts, (type_.lo, type_.hi)), type_)

    def threshold(self, name: str, source: str, levels: list[int], spread: int) -> str:
        channels = self.shape(source)[0]
        thresholds = np.sort(self.rng.integers(-spread // 4, spread, (channels, len(levels) - 1)), axis=1)
        op = Threshold(name, (source,), name, thresholds, np.array(levels))
        return self.add(op, IntType(min(levels) < 0, 6))


APOT_LEVELS = [0, 1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 32, 33, 36, 48]


def every_op(seed: int = 0) -> Network:
    """Residual block with shifts, strided shortcut, multipliers, thresholds, negative codes, both pools."""
    net = Builder((2, 9, 8), IntType(False, 8), seed)
    twice = net.add(Add("twice", ("x", "x"), "twice"))
    stem = net.conv("stem", twice, 4, (3, 3), padding=(1, 1, 1, 1))
    act = net.threshold("stem_act", stem, APOT_LEVELS, 8000)
    branch = net.conv("branch", act, 4, (3, 3), padding=(1, 1, 1, 1))
    branch_q = net.requantise("branch_q", branch, IntType(True, 8, Dyadic(1, 2)))
    added = net.add(Add("add", (act, branch_q), "sum", (2, 0)), scale=Dyadic(1, 2))
    block = net.requantise("block_act", added, IntType(False, 5), 5)
    pooled = net.add(MaxPool2d("pool", (block,), "pooled", (2, 2), (2, 2), (1, 0, 0, 0)), IntType(False, 5))
    down = net.conv("down", pooled, 6, (3, 3), stride=(2, 2), padding=(1, 1, 1, 1))
    down_q = net.requantise("down_q", down, IntType(True, 6))
    short = net.conv("short", pooled, 6, (1, 1), stride=(2, 2))
    short_q = net.requantise("short_q", short, IntType(True, 6), 4)
    joined = net.add(Add("join", (down_q, short_q), "joined"))
    signed = net.threshold("joined_act", joined, [-9, -9, -3, 0, 5, 5, 31], 40)
    sums = net.add(SumPool2d("sums", (signed,), "sums", (2, 1), (2, 1)))
    mean = net.requantise("mean", sums, IntType(True, 5), 3)
    flat = net.add(Flatten("flat", (mean,), "flat"), IntType(True, 5))
    weight = net.rng.integers(-100, 100, (5, net.shape(flat)[0]))
    net.add(Linear("fc", (flat,), "logits", weight, net.rng.integers(-500, 500, 5)))
    return verify(net.network("logits"))


def every_geometry(seed: int = 0) -> Network:
    """Groups, dilation, asymmetric padding and zero points."""
    net = Builder((4, 7, 6), IntType(True, 5, zero_point=-3), seed)
    grouped = net.conv("grouped", "x", 6, (3, 2), groups=2, padding=(2, 0, 1, 1))
    quantised = net.requantise("grouped_q", grouped, IntType(False, 4, zero_point=5))
    dilated = net.conv("dilated", quantised, 3, (2, 3), dilation=(2, 1), padding=(0, 2, 1, 0), stride=(2, 1))
    dilated_q = net.requantise("dilated_q", dilated, IntType(True, 9), 1)
    sums = net.add(SumPool2d("sums", (dilated_q,), "sums", net.shape(dilated_q)[1:], (9, 9)))  # type: ignore[arg-type]
    flat = net.add(Flatten("flat", (sums,), "flat"))
    weight = net.rng.integers(-2, 2, (3, 3))
    net.add(Linear("fc", (flat,), "logits", weight, np.zeros(3, np.int64)))
    return verify(net.network("logits"))


def every_layer(seed: int = 0) -> Network:
    """The smallest network with every kind of layer: for what is generated in many ways."""
    net = Builder((2, 6, 6), IntType(False, 6), seed)
    stem = net.conv("stem", "x", 3, (3, 3), padding=(1, 1, 1, 1))
    act = net.threshold("stem_act", stem, [0, 1, 2, 3, 4, 6, 8, 9], 3000)
    down = net.conv("down", act, 3, (2, 2), stride=(2, 2))
    down_q = net.requantise("down_q", down, IntType(True, 6, Dyadic(2)), 5)
    short = net.conv("short", act, 3, (1, 1), stride=(2, 2))
    short_q = net.requantise("short_q", short, IntType(True, 6), 4)
    joined = net.add(Add("join", (down_q, short_q), "joined", (1, 0)))
    joined_q = net.requantise("joined_q", joined, IntType(False, 5), 3)
    pool = MaxPool2d("pool", (joined_q,), "pooled", (2, 2), (2, 2), (1, 0, 0, 1))
    pooled = net.add(pool, IntType(False, 5))
    sums = net.add(SumPool2d("sums", (pooled,), "sums", (2, 1), (2, 1)))
    flat = net.add(Flatten("flat", (sums,), "flat"))
    weight = net.rng.integers(-100, 100, (4, net.shape(flat)[0]))
    net.add(Linear("fc", (flat,), "logits", weight, net.rng.integers(-500, 500, 4)))
    return verify(net.network("logits"))


def two_terms_only(seed: int = 0) -> Network:
    """A convolution of 4-bit APoT weights, and a fully connected layer of one power of two a weight."""
    net = Builder((3, 4, 4), IntType(True, 6), seed)
    levels = np.array(weight_levels(4).values)
    weight = net.rng.choice(levels, (4, 3, 2, 2)) * net.rng.choice([-1, 1], (4, 3, 2, 2))
    net.add(Conv2d("conv", ("x",), "sums", weight, net.rng.integers(-9, 9, 4), stride=(2, 2)))
    small = net.requantise("small", "sums", IntType(False, 4))
    flat = net.add(Flatten("flat", (small,), "flat"), IntType(False, 4))
    shape = (1, net.shape(flat)[0])
    weight = 2 ** net.rng.integers(0, 3, shape) * net.rng.choice([-1, 1], shape)
    net.add(Linear("fc", (flat,), "logits", weight, np.zeros(1, np.int64)))
    return verify(net.network("logits"))


@pytest.fixture(scope="session")
def builder() -> type[Builder]:
    """For networks of one test's own."""
    return Builder


@pytest.fixture(scope="session")
def every_layer_network() -> Network:
    return every_layer()


@pytest.fixture(scope="session")
def apot_network() -> Network:
    return two_terms_only()


@pytest.fixture(scope="session")
def every_op_network() -> Network:
    return every_op()


@pytest.fixture(scope="session")
def every_geometry_network() -> Network:
    return every_geometry()


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all workers of a run, so that each project is compiled once."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "hls"


@pytest.fixture(scope="session")
def project(every_op_network: Network, shared_folder: Path) -> HlsProject:
    return _compiled_once(every_op_network, shared_folder / "every_op", IoType.STREAM)


@pytest.fixture(scope="session")
def parallel_project(every_geometry_network: Network, shared_folder: Path) -> HlsProject:
    return _compiled_once(every_geometry_network, shared_folder / "every_geometry", IoType.PARALLEL)


def _compiled_once(network: Network, folder: Path, io: IoType) -> HlsProject:
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        project = generate(network, folder, HlsOptions(io=io))
        compiled(project)
    return project


@pytest.fixture
def copied(project: HlsProject, tmp_path: Path) -> HlsProject:
    """A copy, with its compiled program, that a test may damage."""
    folder = tmp_path / "copy"
    shutil.copytree(project.folder, folder)
    return HlsProject.load(folder)
