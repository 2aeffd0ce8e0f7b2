"""An engine whose layers are computed by packed products, four to a DSP block."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from twofold.golden.compare import Check, Status
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d, Threshold
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.passes.run import run_passes
from twofold.network.types import IntType
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import Opcode
from twofold.sim.cocotb_runner import Simulation
from twofold.sim.engine import EngineRun

UINT4 = IntType(False, 4)
SUMS = IntType(True, 24)
LEVELS = np.arange(16)


def network(low: int, high: int) -> Network:
    """Two convolutions of 4-bit codes, padded, with widths that are no multiples of the lanes."""
    rng = np.random.default_rng(1)
    thresholds = np.sort(rng.integers(-400, 400, (9, 15)), axis=1)
    weight = rng.integers(low, high + 1, (9, 11, 3, 3))
    weight[:2, 0, 0, 0] = low, high
    ops = [
        Conv2d(
            "conv1",
            ("x",),
            "sums1",
            weight=weight,
            bias=rng.integers(-99, 99, 9),
            padding=(1, 1, 1, 1),
        ),
        Threshold("act1", ("sums1",), "codes1", thresholds=thresholds, levels=LEVELS),
        Conv2d(
            "conv2",
            ("codes1",),
            "y",
            weight=rng.integers(low, high + 1, (5, 9, 1, 1)),
            bias=rng.integers(-99, 99, 5),
        ),
    ]
    tensors = [Tensor("x", (11, 6, 5), UINT4), Tensor("sums1", (9, 6, 5), SUMS)]
    tensors += [Tensor("codes1", (9, 6, 5), UINT4), Tensor("y", (5, 6, 5), SUMS)]
    found = Network.of("packed", tensors, ops, "x", "y")
    return run_passes(found, [narrow_accumulators])


def test_every_layer_is_exact(
    build_once: Callable[[Geometry], Simulation],
    verify_on: Callable[[Simulation], Callable[..., tuple[Check, EngineRun]]],
) -> None:
    found = network(-8, 7)
    geometry = propose(found, preference=(PeName.INT4_DSP, PeName.INT8_DSP))
    assert geometry.kinds == (PeName.INT4_DSP,)
    assert (geometry.int4_dsp_low, geometry.int4_dsp_high) == (-8, 7)
    program = plan(found, geometry, traced=True)
    check, run = verify_on(build_once(geometry))(found, program, frames=2)
    assert check.status is Status.PASS, check.detail
    for instruction, cycles in zip(program.instructions, run.instruction_cycles, strict=True):
        if instruction.opcode is Opcode.LAYER:
            assert cycles == instruction.cycles, instruction.label
