"""The one engine that all tests of engines run on, and networks for it."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from twofold.golden.compare import Check, Status, compare
from twofold.golden.execute import execute
from twofold.network.graph import Network
from twofold.plan.program import Program
from twofold.plan.schedule import result_maps
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import Opcode
from twofold.sim.bulk.library import EngineLibrary, build_library
from twofold.sim.bulk.run import run_bulk
from twofold.sim.cocotb_runner import Simulation
from twofold.sim.engine import EngineRun, build_engine, run_program, shaped

BUILD = Path("build/engine")

Verify = Callable[..., tuple[Check, EngineRun]]
VerifyOn = Callable[[Simulation], Verify]


@pytest.fixture(scope="session")
def geometry() -> Geometry:
    """Three kinds, one of them beside the others, and memories so small that sums are computed in bands and
    weights are streamed."""
    return Geometry(
        lanes=8,
        kinds=(PeName.APOT_SHIFT, PeName.INT4_DSP, PeName.INT8_DSP),
        beside=PeName.INT8_DSP,
        activation_words=1024,
        weight_words=1024,
        parameter_words=256,
        sum_words=64,
        instructions=64,
    )


@pytest.fixture(scope="session")
def four_tiles(geometry: Geometry) -> Geometry:
    """Half as many banks of weights as tiles, and more instructions, for transfers of every block."""
    return replace(geometry, tiles=4, weight_banks=2, kinds=(PeName.INT_MUL,), beside=None, instructions=256)


@pytest.fixture(scope="session", params=[1, 4], ids=["one tile", "four tiles"])
def engine_geometry(request: pytest.FixtureRequest, geometry: Geometry, four_tiles: Geometry) -> Geometry:
    return geometry if request.param == 1 else four_tiles


@contextmanager
def compiling() -> Iterator[None]:
    """One at a time, whichever worker of a test run comes first."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def build_once() -> Callable[[Geometry], Simulation]:
    """Compiles an engine for cocotb once, for all workers."""

    def build(geometry: Geometry) -> Simulation:
        with compiling():
            return build_engine(geometry, BUILD)

    return cache(build)


@pytest.fixture(scope="session")
def library_once() -> Callable[[Geometry], EngineLibrary]:
    """Compiles an engine as a library once, for all workers."""

    def build(geometry: Geometry) -> EngineLibrary:
        with compiling():
            return build_library(geometry, BUILD, optimise="-O1")

    return cache(build)


@pytest.fixture(scope="session")
def engine(geometry: Geometry, build_once: Callable[[Geometry], Simulation]) -> Simulation:
    return build_once(geometry)


@pytest.fixture(scope="session")
def library(geometry: Geometry, library_once: Callable[[Geometry], EngineLibrary]) -> EngineLibrary:
    return library_once(geometry)


@pytest.fixture(scope="session")
def verify(engine: Simulation, verify_on: VerifyOn) -> Verify:
    return verify_on(engine)


@pytest.fixture(scope="session")
def verify_on() -> VerifyOn:
    """Runs random frames through a program under cocotb, and compares all that it stores with golden."""
    return lambda engine: partial(run_and_compare, partial(run_program, engine))


@pytest.fixture(scope="session")
def verify_bulk_on() -> Callable[[EngineLibrary], Verify]:
    """The same on an engine as a library."""
    return lambda library: partial(run_and_compare, partial(run_bulk, library))


@pytest.fixture(scope="session")
def verify_bulk(
    engine_geometry: Geometry,
    library_once: Callable[[Geometry], EngineLibrary],
    verify_bulk_on: Callable[[EngineLibrary], Verify],
) -> Verify:
    """The same on the engines of one and of four tiles."""
    return verify_bulk_on(library_once(engine_geometry))


@pytest.fixture(scope="session")
def hold_layers() -> Callable[[Verify, Network, Program], None]:
    """Asserts that every layer of a traced program is exact, with stalls and without, and its cycles as
    predicted."""
    return _hold_layers


def _hold_layers(verify: Verify, network: Network, traced: Program) -> None:
    check, run = verify(network, traced, frames=2)
    assert check.status is Status.PASS, check.detail
    assert set(check.tensors) == {map_.name for map_ in result_maps(network)}
    for instruction, cycles in zip(traced.instructions, run.instruction_cycles, strict=True):
        if instruction.opcode is Opcode.LAYER:
            assert cycles == instruction.cycles, instruction.label
    check, run = verify(network, traced, frames=2, stalls=0.3, seed=2)
    assert check.status is Status.PASS, check.detail


def run_and_compare(
    run: Callable[..., EngineRun],
    network: Network,
    program: Program,
    *,
    frames: int = 1,
    seed: int = 1,
    **options: object,
) -> tuple[Check, EngineRun]:
    rng = np.random.default_rng(seed)
    type_ = network.input.type
    codes = rng.integers(type_.lo, type_.hi, (frames, *network.input.shape), endpoint=True)
    result = run(program, codes, seed=seed, **options)
    required = {map_.name for map_ in result_maps(network)} if len(program.outputs) > 1 else set()
    check = compare(
        network.name,
        ("golden", execute(network, codes)),
        ("rtl", shaped(network, result)),
        tuple(required | {network.output_name}),
    )
    return check, result
