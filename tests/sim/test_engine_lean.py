"""An engine as boards get it: xc7's primitives, tables shared between tiles, forms where they are needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from twofold.golden.compare import Check, Status
from twofold.plan.propose import propose
from twofold.plan.schedule import plan, result_maps
from twofold.qonnx.importer.load import import_model
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import Opcode
from twofold.rtl.primitives.family import Family
from twofold.sim.cocotb_runner import Simulation
from twofold.sim.engine import EngineRun

MODEL = Path(__file__).parents[1] / "assets" / "apot" / "model.onnx"
KINDS = (PeName.LUT_DA, PeName.INT8_DSP)


def test_every_layer_is_exact_and_takes_the_predicted_cycles(
    build_once: Callable[[Geometry], Simulation],
    verify_on: Callable[[Simulation], Callable[..., tuple[Check, EngineRun]]],
) -> None:
    network = import_model(MODEL)
    proposed = propose(network, preference=KINDS, tiles=2, family=Family.XC7)
    assert proposed.kinds == KINDS
    more = {"int8_dsp_inputs": 3, "weight_words": 4 * proposed.weight_words}
    geometry = replace(proposed, weight_banks=1, full_tiles=1, **more)
    program = plan(network, geometry, traced=True)
    layers = [step.fields for step in program.instructions if step.opcode is Opcode.LAYER]
    assert {fields["pe"] for fields in layers} >= {1, 2}
    assert {fields["blocks_log2"] for fields in layers} == {0, 1}
    assert {fields["parts"] for fields in layers} == {1, 3}
    assert {fields["chained"] for fields in layers} == {0, 1}
    check, run = verify_on(build_once(geometry))(network, program, frames=2)
    assert check.status is Status.PASS, check.detail
    assert set(check.tensors) == {map_.name for map_ in result_maps(network)}
    assert run.instruction_cycles == tuple(step.cycles for step in program.instructions)
    check, run = verify_on(build_once(geometry))(network, program, frames=2, stalls=0.3, seed=2)
    assert check.status is Status.PASS, check.detail
