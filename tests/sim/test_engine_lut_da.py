"""An engine whose 4-bit layers are computed by distributed arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from twofold.golden.compare import Check
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.qonnx.importer.load import import_model
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import Opcode
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.engine import EngineRun

MODEL = Path(__file__).parents[1] / "assets" / "apot" / "model.onnx"
KINDS = (PeName.LUT_DA, PeName.INT8_DSP)


def test_every_layer_is_exact_and_takes_the_predicted_cycles(
    library_once: Callable[[Geometry], EngineLibrary],
    verify_bulk_on: Callable[[EngineLibrary], Callable[..., tuple[Check, EngineRun]]],
    hold_layers: Callable[..., None],
) -> None:
    network = import_model(MODEL)
    geometry = propose(network, preference=KINDS)
    assert geometry.kinds == KINDS
    assert (geometry.lut_da_low, geometry.lut_da_high, geometry.lut_da_activation_bits) == (-10, 10, 6)
    verify = verify_bulk_on(library_once(geometry))
    traced = plan(network, geometry, traced=True)
    layers = [step for step in traced.instructions if step.opcode is Opcode.LAYER]
    assert {step.label for step in layers if step.fields["pe"] == 1} >= {"conv2_act", "conv3_quant"}
    hold_layers(verify, network, traced)
