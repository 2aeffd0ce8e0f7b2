"""The engine against the golden model on the demo networks, and against the planner's cycles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from twofold.golden.compare import Check, Status
from twofold.network.graph import Network
from twofold.plan.program import Program
from twofold.plan.schedule import plan, result_maps
from twofold.qonnx.importer.load import import_model
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import Memory, Opcode
from twofold.sim.engine import EngineRun

ASSETS = Path(__file__).parents[1] / "assets"
DEMOS = ("apot", "int8")

Verify = Callable[..., tuple[Check, EngineRun]]


def demo(name: str) -> Network:
    return import_model(ASSETS / name / "model.onnx")


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", DEMOS)
def test_every_layer_is_exact_with_stalls(name: str, seed: int, geometry: Geometry, verify: Verify) -> None:
    network = demo(name)
    program = plan(network, geometry, traced=True)
    check, _ = verify(network, program, frames=3, seed=seed, stalls=0.3)
    assert check.status is Status.PASS, check.detail
    assert set(check.tensors) == {map_.name for map_ in result_maps(network)}
    assert check.frames == 3


@pytest.mark.parametrize("name", DEMOS)
def test_cycles_are_as_predicted_without_stalls(name: str, geometry: Geometry, verify: Verify) -> None:
    network = demo(name)
    program = plan(network, geometry)
    check, run = verify(network, program, frames=2)
    assert check.status is Status.PASS, check.detail
    assert check.tensors == (network.output_name,)
    assert run.cycles == pytest.approx(program.predicted_cycles(2), rel=0.03)
    for instruction, cycles in zip(program.instructions, run.instruction_cycles, strict=True):
        assert cycles == pytest.approx(instruction.cycles, rel=0.03), instruction.label


def test_weights_stream_where_they_do_not_fit(geometry: Geometry) -> None:
    """The two demo networks hold weights on the chip and stream them: both ways are simulated."""
    loads = [
        [i.label for i in plan(demo(name), geometry).instructions if i.fields.get("memory") == Memory.WEIGHTS]
        for name in DEMOS
    ]
    assert loads[0] == ["weights"]
    assert len(loads[1]) == 6


def layer(program: Program, label: str) -> int:
    """Place of a layer's instruction."""
    steps = enumerate(program.instructions)
    return next(index for index, step in steps if (step.opcode, step.label) == (Opcode.LAYER, label))


def flipped(program: Program, byte: int, bit: int) -> Program:
    image = bytearray(program.image)
    image[byte] ^= 1 << bit
    return replace(program, image=bytes(image))


def with_wrong_parameter(program: Program, label: str, word: int, byte: int, bit: int) -> Program:
    """One bit of the layer's first output channel, in parameter word `word` of its first block."""
    geometry = program.geometry
    first = sum(step.fields["words"] for step in program.instructions if step.label == "weights")
    address = program.instructions[layer(program, label)].fields["parameter_base"] + word
    start = first * geometry.weight_word_bits // 8 + address * geometry.parameter_word_bits // 8
    return flipped(program, start + byte, bit)


def with_wrong_field(program: Program, label: str, field: str) -> Program:
    """One more in a field of the layer."""
    at = layer(program, label)
    step = program.instructions[at]
    changed = replace(step, fields={**step.fields, field: step.fields[field] + 1})
    return replace(
        program, instructions=(*program.instructions[:at], changed, *program.instructions[at + 1 :])
    )


MUTATIONS: dict[str, Callable[[Program], Program]] = {
    "weight code": lambda program: flipped(program, 0, 0),
    "threshold": lambda program: with_wrong_parameter(program, "conv2_act", 9, 2, 7),
    "level": lambda program: with_wrong_parameter(program, "conv2_act", 1, 3, 0),
    "multiplier": lambda program: with_wrong_parameter(program, "conv3_quant", 1, 0, 0),
    "address read": lambda program: with_wrong_field(program, "conv2_act", "in_base"),
    "address written": lambda program: with_wrong_field(program, "conv2_act", "out_base"),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_one_wrong_bit_is_noticed(mutation: str, geometry: Geometry, verify: Verify) -> None:
    network = demo("apot")
    program = MUTATIONS[mutation](plan(network, geometry, traced=True))
    check, _ = verify(network, program)
    assert check.status is Status.FAIL
    assert 0 < check.mismatches < check.elements
