"""The engine as a library: exact, counted as predicted, and able to fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from twofold.golden.compare import Check, Status
from twofold.network.graph import Network
from twofold.plan.schedule import plan, result_maps
from twofold.plan.timing.cost import BusTiming
from twofold.qonnx.importer.load import import_model
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import Opcode
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.cocotb_runner import SimulationError
from twofold.sim.engine import EngineRun

ASSETS = Path(__file__).parents[2] / "assets"

Verify = Callable[..., tuple[Check, EngineRun]]


@pytest.fixture(scope="module")
def network() -> Network:
    return import_model(ASSETS / "apot" / "model.onnx")


@pytest.fixture(scope="module")
def verify(library: EngineLibrary, verify_bulk_on: Callable[[EngineLibrary], Verify]) -> Verify:
    return verify_bulk_on(library)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_layer_of_many_frames_is_exact_with_stalls(
    seed: int, network: Network, geometry: Geometry, verify: Verify
) -> None:
    check, run = verify(network, plan(network, geometry, traced=True), frames=8, seed=seed, stalls=0.3)
    assert check.status is Status.PASS, check.detail
    assert set(check.tensors) == {map_.name for map_ in result_maps(network)}
    assert check.frames == run.frames == 8


@pytest.mark.parametrize("bus", [BusTiming(1, 1, 0), BusTiming(23, 9, 0)])
def test_cycles_are_as_predicted_for_the_memory(
    bus: BusTiming, network: Network, geometry: Geometry, verify: Verify
) -> None:
    program = plan(network, geometry, bus)
    check, run = verify(network, program, frames=3, bus=bus)
    assert check.status is Status.PASS, check.detail
    assert run.cycles == pytest.approx(program.predicted_cycles(3), rel=0.001)
    for step, cycles in zip(program.instructions, run.instruction_cycles, strict=True):
        assert cycles == pytest.approx(step.cycles, rel=0.02), step.label


def test_equal_seeds_draw_equal_stalls(network: Network, geometry: Geometry, verify: Verify) -> None:
    program = plan(network, geometry)
    runs = [verify(network, program, frames=2, seed=seed, stalls=0.5)[1] for seed in (1, 1, 2)]
    assert runs[0].cycles == runs[1].cycles != runs[2].cycles
    assert all(run.cycles > program.predicted_cycles(2) for run in runs)


def test_a_wrong_weight_is_found(network: Network, geometry: Geometry, verify: Verify) -> None:
    program = plan(network, geometry, traced=True)
    image = bytearray(program.image)
    image[0] ^= 1
    check, _ = verify(network, replace(program, image=bytes(image)), frames=2)
    assert check.status is Status.FAIL
    assert 0 < check.mismatches < check.elements


def test_an_error_of_the_engine_is_named(network: Network, geometry: Geometry, verify: Verify) -> None:
    program = plan(network, geometry)
    load = next(i for i, step in enumerate(program.instructions) if step.opcode is Opcode.LOAD)
    fields = program.instructions[load].fields | {"offset": 0xF000_0000}
    steps = list(program.instructions)
    steps[load] = replace(steps[load], fields=fields)
    with pytest.raises(SimulationError, match=r"^STATUS is 0x6 .*ERROR: READ_RESPONSE at instruction 0\. "):
        verify(network, replace(program, instructions=tuple(steps)))


def test_a_read_behind_the_frames_is_an_error(network: Network, geometry: Geometry, verify: Verify) -> None:
    program = plan(network, geometry)
    at = next(i for i, step in enumerate(program.instructions) if step.opcode is Opcode.PREFETCH)
    steps = list(program.instructions)
    steps[at] = replace(steps[at], fields=steps[at].fields | {"offset": program.input_stride})
    with pytest.raises(SimulationError, match=r"READ_RESPONSE at instruction \d+"):
        verify(network, replace(program, instructions=tuple(steps)), frames=2)
