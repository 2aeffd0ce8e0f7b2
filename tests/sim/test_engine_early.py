"""Layers that begin before the last results of the one before are stored: as early as may be, or earlier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from twofold.golden.compare import Check, Status
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d, Op, Requantise
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.passes.run import run_passes
from twofold.network.types import IntType
from twofold.plan.program import Program
from twofold.plan.schedule import plan
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import EARLY_MAX, Opcode
from twofold.rtl.layer_timing import LayerTiming
from twofold.sim.engine import EngineRun

UINT8, SUMS = IntType(False, 8), IntType(True, 24)
LAYERS = 5

Verify = Callable[..., tuple[Check, EngineRun]]


def vectors() -> Network:
    """Convolutions of a single word, each of which first reads what the one before has just written."""
    rng, gain, shift = np.random.default_rng(1), np.full(8, 3), np.full(8, 10)
    codes = ["x", *(f"codes{index}" for index in range(1, LAYERS))]
    ops: list[Op] = []
    for index, source in enumerate(codes):
        weight, bias = rng.integers(-127, 128, (8, 8, 1, 2)), rng.integers(-99, 99, 8)
        sums = f"sums{index}"
        ops.append(Conv2d(f"conv{index}", (source,), sums, weight=weight, bias=bias, padding=(0, 0, 0, 1)))
        for result in codes[index + 1 : index + 2]:
            ops.append(
                Requantise(f"act{index}", (sums,), result, multiplier=gain, shift=shift, bounds=(0, 255))
            )
    tensors = [Tensor(name, (8, 1, 1), UINT8) for name in codes]
    tensors += [Tensor(f"sums{index}", (8, 1, 1), SUMS) for index in range(LAYERS)]
    return run_passes(Network.of("vectors", tensors, ops, "x", sums), [narrow_accumulators])


def with_early(program: Program, cycles: int) -> Program:
    """All layers behind which another one follows begin it so early."""
    steps = tuple(
        replace(step, fields={**step.fields, "early": cycles})
        if step.opcode is Opcode.LAYER and step.fields["early"]
        else step
        for step in program.instructions
    )
    return replace(program, instructions=steps)


def test_a_word_is_read_right_after_it_is_written(engine_geometry: Geometry, verify_bulk: Verify) -> None:
    network, slack = vectors(), LayerTiming.of(engine_geometry).slack
    program = plan(network, engine_geometry)
    layers = [step.fields for step in program.instructions if step.opcode is Opcode.LAYER]
    assert [fields["early"] for fields in layers] == [slack] * (LAYERS - 1) + [0]
    check, run = verify_bulk(network, program, frames=3)
    assert check.status is Status.PASS, check.detail
    assert run.cycles == program.predicted_cycles(3)


def test_a_layer_that_begins_too_early_is_noticed(engine_geometry: Geometry, verify_bulk: Verify) -> None:
    network, slack = vectors(), LayerTiming.of(engine_geometry).slack
    program = plan(network, engine_geometry)
    for cycles in (slack + 1, EARLY_MAX):
        check, _ = verify_bulk(network, with_early(program, cycles))
        assert check.status is Status.FAIL
