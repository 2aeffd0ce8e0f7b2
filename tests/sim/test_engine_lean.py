"""Engines as boards get them: xc7's primitives, tables shared between tiles, forms where they are needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twofold.golden.compare import Check, Status
from twofold.network.dyadic import Dyadic
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Add, Conv2d, Flatten, Linear, Requantise, SumPool2d
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.passes.run import run_passes
from twofold.network.types import IntType
from twofold.plan.forms import fit_forms
from twofold.plan.propose import propose
from twofold.plan.schedule import plan, result_maps
from twofold.plan.stages import stages
from twofold.qonnx.importer.load import import_model
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import Opcode, Output
from twofold.rtl.primitives.family import Family
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.engine import EngineRun

MODEL = Path(__file__).parents[1] / "assets" / "apot" / "model.onnx"
KINDS = (PeName.LUT_DA, PeName.INT8_DSP)
UINT4, INT4, UINT8 = IntType(False, 4), IntType(True, 4), IntType(False, 8)

LibraryOnce = Callable[[Geometry], EngineLibrary]
VerifyOn = Callable[[EngineLibrary], Callable[..., tuple[Check, EngineRun]]]


def expect_exact(
    network: Network, geometry: Geometry, library_once: LibraryOnce, verify_on: VerifyOn
) -> list[dict[str, int]]:
    """Every layer with and without stalls, every instruction's cycles; returns the layers' fields."""
    program = plan(network, geometry, traced=True)
    verify = verify_on(library_once(geometry))
    check, run = verify(network, program, frames=3)
    assert check.status is Status.PASS, check.detail
    assert set(check.tensors) == {map_.name for map_ in result_maps(network)}
    assert run.cycles == program.predicted_cycles(3)
    check, _ = verify(network, program, frames=2, stalls=0.3, seed=2)
    assert check.status is Status.PASS, check.detail
    return [dict(step.fields) for step in program.instructions if step.opcode is Opcode.LAYER]


@pytest.mark.parametrize("family", [Family.XC7, Family.XCUP])
def test_primitives_shared_tables_and_passes(
    family: Family, library_once: LibraryOnce, verify_bulk_on: VerifyOn
) -> None:
    network = import_model(MODEL)
    proposed = propose(network, preference=KINDS, tiles=2, family=family)
    assert proposed.kinds == KINDS
    more = {"int8_dsp_inputs": 3, "weight_words": 4 * proposed.weight_words}
    geometry = replace(proposed, weight_banks=1, full_tiles=1, **more)
    layers = expect_exact(network, geometry, library_once, verify_bulk_on)
    assert {fields["pe"] for fields in layers} >= {1, 2}
    assert {fields["blocks_log2"] for fields in layers} == {0, 1}
    assert {fields["parts"] for fields in layers} == {1, 3}
    assert {fields["chained"] for fields in layers} == {0, 1}


def multiplied() -> Network:
    """A residual block of 4-bit codes, all by multipliers, with a sum of signed operands and a pool."""
    rng = np.random.default_rng(1)
    shape, wide = (12, 8, 8), IntType(True, 24)
    names = ("s1", "y1", "s2", "y2", "s3", "y3")
    half = Dyadic(1, 1)
    types = (wide, UINT4.with_scale(half), wide, INT4, wide.with_scale(half), UINT4)
    tensors = [
        Tensor("x", (3, 8, 8), UINT8),
        *(Tensor(name, shape, type_) for name, type_ in zip(names, types, strict=True)),
        *(Tensor(name, (12, 1, 1), type_) for name, type_ in (("s4", wide), ("y4", UINT8))),
        *(Tensor("flat", (12,), UINT8), Tensor("y", (10,), wide)),
    ]

    def conv(source: str, result: str, inputs: int, bound: int) -> Conv2d:
        weight = rng.integers(-bound, bound, (12, inputs, 5, 5))
        return Conv2d(result, (source,), result, weight, rng.integers(-99, 99, 12), padding=(2, 2, 2, 2))

    def codes(source: str, result: str, shift: int, low: int, high: int) -> Requantise:
        multiplier = rng.integers(100, 255, 12)
        return Requantise(result, (source,), result, multiplier, np.full(12, shift), (low, high))

    ops = [
        *(conv("x", "s1", 3, 127), codes("s1", "y1", 19, 0, 15)),
        *(conv("y1", "s2", 12, 8), codes("s2", "y2", 13, -8, 7)),
        *(Add("s3", ("y1", "y2"), "s3", shifts=(0, 1)), codes("s3", "y3", 8, 0, 15)),
        *(SumPool2d("s4", ("y3",), "s4", kernel=(8, 8), stride=(8, 8)), codes("s4", "y4", 9, 0, 255)),
        Flatten("flat", ("y4",), "flat"),
        Linear("y", ("flat",), "y", weight=rng.integers(-127, 127, (10, 12)), bias=np.arange(10)),
    ]
    return run_passes(Network.of("multiplied", tensors, ops, "x", "y"), [narrow_accumulators])


def test_codes_that_are_counted(library_once: LibraryOnce, verify_bulk_on: VerifyOn) -> None:
    lean = propose(multiplied(), preference=KINDS, tiles=2)
    assert (lean.full_tiles, lean.level_bits, lean.features, lean.lane_shift) == (1, 0, (), 1)
    layers = expect_exact(multiplied(), lean, library_once, verify_bulk_on)
    assert lean.lean_bits is not None and lean.lean_bits <= lean.accumulator_bits
    outputs = [fields["output"] for fields in layers]
    assert outputs.count(Output.MULTIPLY) < outputs.count(Output.THRESHOLD)
    assert lean.multiplier_lanes == 1


@pytest.mark.parametrize(("tiles", "multiplier_lanes"), [(1, 1), (2, 4)])
def test_lanes_that_take_turns_at_a_multiplier(
    tiles: int, multiplier_lanes: int, library_once: LibraryOnce, verify_bulk_on: VerifyOn
) -> None:
    """All layers by multiplier, of maps and of single pixels, on one band and on two."""
    all_scaled = replace(fit_forms(stages(multiplied()), propose(multiplied(), tiles=tiles)), lean_bits=None)
    geometry = replace(all_scaled, multiplier_lanes=multiplier_lanes, accumulator_bits=24)
    layers = expect_exact(multiplied(), geometry, library_once, verify_bulk_on)
    outputs = {fields["output"] for fields in layers}
    assert outputs == {Output.MULTIPLY, Output.SUMS}
