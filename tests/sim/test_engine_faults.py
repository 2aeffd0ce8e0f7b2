"""The fault bench: every run that fails is named, and the one after it is right; and the counters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from twofold.golden.compare import Check, Status
from twofold.network.graph import Network
from twofold.plan.program import Program
from twofold.plan.schedule import plan
from twofold.qonnx.importer.load import import_model
from twofold.rtl.control.run_errors import Cause
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import Opcode
from twofold.rtl.mac.kinds import pe_kinds
from twofold.sim.cocotb_runner import SimulationError
from twofold.sim.engine import EngineRun
from twofold.sim.faults import Fault, faults, read_faults, write_faults

MODEL = Path(__file__).parents[1] / "assets" / "apot" / "model.onnx"

Verify = Callable[..., tuple[Check, EngineRun]]


@pytest.fixture(scope="module")
def network() -> Network:
    return import_model(MODEL)


@pytest.fixture(scope="module")
def program(network: Network, geometry: Geometry) -> Program:
    return plan(network, geometry)


def test_every_fault_is_named_and_the_next_run_is_right(
    network: Network, program: Program, verify: Verify
) -> None:
    check, _ = verify(network, program, frames=1, faults=faults(program))
    assert check.status is Status.PASS, check.detail


def test_faults_are_named_with_stalls_too(network: Network, program: Program, verify: Verify) -> None:
    listed = [fault for fault in faults(program) if fault.registers.get("WATCHDOG") != 16]
    check, _ = verify(network, program, frames=1, faults=listed[::4], stalls=0.3, seed=4)
    assert check.status is Status.PASS, check.detail


def test_there_is_a_fault_for_every_cause(program: Program, tmp_path: Path) -> None:
    listed = faults(program)
    assert {fault.cause for fault in listed} == set(Cause)
    assert len({fault.name for fault in listed}) == len(listed) >= 12
    write_faults(tmp_path / "faults.json", listed)
    assert read_faults(tmp_path / "faults.json") == list(listed)


def named(program: Program, name: str) -> Fault:
    return next(fault for fault in faults(program) if fault.name == name)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("no rows", {"cause": Cause.OPCODE}, "ERROR names LAYER of instruction .* expected OPCODE"),
        ("no rows", {"index": 0}, "ERROR names LAYER of instruction .* expected LAYER of 0"),
        ("no rows", {"code": {}}, "the engine is still busy"),
        (
            "weights beyond the memory, early",
            {"index": 6},
            "names BOUNDS of instruction 5, expected BOUNDS of 6",
        ),
        ("activations beyond the memory", {"code": {}}, "the engine is still busy"),
    ],
)
def test_a_fault_that_is_not_as_expected_fails_the_bench(
    network: Network, program: Program, verify: Verify, name: str, change: dict[str, object], message: str
) -> None:
    fault = replace(named(program, name), **change)  # type: ignore[arg-type]
    with pytest.raises(SimulationError, match=message):
        verify(network, program, frames=1, faults=[fault])


def inputs_multiplied(program: Program) -> int:
    """Of a frame, by all tiles."""
    total, tiles, kinds = 0, program.geometry.tiles, pe_kinds(program.geometry)
    for step in program.instructions:
        if step.opcode is Opcode.LAYER and step.fields["pe"]:
            fields = step.fields
            inputs = fields["in_blocks"] * fields["parts"] * kinds[fields["pe"] - 1].rows
            sweeps = inputs * fields["taps_y"] * fields["taps_x"]
            blocks = (fields["out_groups"] - 1) * fields["tile_blocks"] + fields["last_blocks"]
            bands = tiles >> fields["blocks_log2"]
            total += fields["out_height"] * fields["out_width"] * sweeps * blocks * bands
    return total


def test_counters_say_what_was_done_and_what_was_waited_for(
    network: Network, program: Program, verify: Verify
) -> None:
    _, run = verify(network, program, frames=3)
    _, slow = verify(network, program, frames=3, stalls=0.5)
    name = "inputs_multiplied"
    assert run.counters[name] == slow.counters[name] == 3 * inputs_multiplied(program)
    assert run.counters["weight_wait_cycles"] == slow.counters["weight_wait_cycles"] > 0
    for name in ("read_wait_cycles", "write_wait_cycles"):
        assert 0 < run.counters[name] < slow.counters[name] < slow.cycles, name
