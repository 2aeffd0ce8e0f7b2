"""Four tiles that compute half of a layer's output blocks in LUT memories and half in DSP blocks.

One tile that does so is among the engines of all tests (`geometry` of conftest).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from twofold.golden.compare import Check, Status
from twofold.golden.execute import execute
from twofold.network.graph import Network
from twofold.network.ops import Conv2d
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.qonnx.importer.load import import_model
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import Opcode, Output
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.engine import EngineRun
from twofold.sim.engine_row import frames_of

MODEL = Path(__file__).parents[1] / "assets" / "apot" / "model.onnx"


def test_every_layer_is_exact_and_takes_the_predicted_cycles(
    library_once: Callable[[Geometry], EngineLibrary],
    verify_bulk_on: Callable[[EngineLibrary], Callable[..., tuple[Check, EngineRun]]],
    hold_layers: Callable[..., None],
) -> None:
    network = import_model(MODEL)
    kinds = (PeName.LUT_DA, PeName.INT8_DSP)
    geometry = propose(network, preference=kinds, beside=PeName.INT8_DSP, tiles=4)
    verify = verify_bulk_on(library_once(geometry))
    traced = plan(network, geometry, traced=True)
    layers = [step for step in traced.instructions if step.opcode is Opcode.LAYER]
    paired = [step for step in layers if step.fields["paired"]]
    assert {step.fields["output"] for step in paired} == {Output.MULTIPLY, Output.THRESHOLD}
    hold_layers(verify, network, traced)
    group = paired[0].fields["tile_blocks"] * geometry.lanes
    mutant = with_wrong_weight(network, paired[0].label, group)
    check, _ = verify(network, plan(mutant, geometry, traced=True), frames=2)
    assert check.status is Status.FAIL, "one weight of a block that is computed beside another is 0"


def with_wrong_weight(network: Network, result: str, first: int) -> Network:
    """0 for a weight of channel `first` of the convolution whose codes are `result`; golden differs."""
    codes, names = frames_of(network, 2, 0), {op.output: op for op in network.ops}
    layer = names[names[result].inputs[0]]
    assert isinstance(layer, Conv2d)
    right, size = execute(network, codes)[result], layer.weight[0].size
    for place in np.flatnonzero(layer.weight):
        if place // size == first:
            weight = layer.weight.copy()
            weight.flat[place] = 0
            ops = [replace(op, weight=weight) if op is layer else op for op in network.ops]
            mutant = replace(network, ops=tuple(ops))
            if not np.array_equal(execute(mutant, codes)[result], right):
                return mutant
    raise AssertionError("no weight changes anything")
