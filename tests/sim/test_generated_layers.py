"""Layers of random shapes and numbers are exact on one tile of three kinds, and on four."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import Phase, assume, example, given, settings
from hypothesis import strategies as st

from twofold.errors import UserError
from twofold.golden.compare import Check, Status
from twofold.network.ops import Conv2d, MaxPool2d, SumPool2d
from twofold.plan.schedule import plan
from twofold.rtl.geometry import Geometry
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.engine import EngineRun
from twofold.sim.generated_layers import generated_layer

Verify = Callable[..., tuple[Check, EngineRun]]
SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(seed=SEEDS)
@example(seed=9)  # depthwise, kernel 5×6
@example(seed=46)  # three groups of more than a block
@example(seed=42)  # depthwise, several tiles a band
@example(seed=7)  # a map joined with itself, twice
@example(seed=15)  # upsampling
@example(seed=13)  # a sum over 66 rows
def test_layers_are_exact_and_take_the_predicted_cycles(
    seed: int,
    engine_geometry: Geometry,
    library_once: Callable[[Geometry], EngineLibrary],
    verify_bulk_on: Callable[[EngineLibrary], Verify],
) -> None:
    network = generated_layer(seed, engine_geometry)
    try:
        program = plan(network, engine_geometry, traced=True)
    except UserError as error:
        assert "memory" in str(error) or "words" in str(error)
        assume(False)
    verify = verify_bulk_on(library_once(engine_geometry))
    check, run = verify(network, program, frames=2)
    assert check.status is Status.PASS, check.detail
    assert run.cycles == program.predicted_cycles(2)
    check, _ = verify(network, program, frames=2, seed=seed % 1000, stalls=0.3)
    assert check.status is Status.PASS, check.detail


@pytest.mark.parametrize("seed", range(20))
def test_equal_seeds_give_equal_layers(seed: int, geometry: Geometry) -> None:
    one, other = (generated_layer(seed, geometry) for _ in range(2))
    assert [op.kind for op in one.ops] == [op.kind for op in other.ops]
    assert one.input == other.input


def test_seeds_cover_what_a_layer_can_be(geometry: Geometry) -> None:
    layers = [generated_layer(seed, geometry) for seed in range(150)]
    convolutions = [op for layer in layers for op in layer.ops if isinstance(op, Conv2d)]
    for axis in (2, 3):
        assert {op.weight.shape[axis] for op in convolutions} == set(range(1, 8))
    assert {op.stride for op in convolutions} >= {(1, 1), (3, 2)}
    assert {op.dilation[0] for op in convolutions} == {1, 2, 3}
    assert {side for op in convolutions for side in op.padding} == {0, 1, 2, 3}
    assert {layer.ops[0].kind for layer in layers} >= {"Conv2d", "MaxPool2d", "SumPool2d", "Threshold"}
    assert {op.kind for layer in layers for op in layer.ops} >= {"Add", "Concat", "Upsample2d"}
    pools = [op for layer in layers for op in layer.ops if isinstance(op, MaxPool2d | SumPool2d)]
    assert {type(op) for op in pools if op.kernel[0] > 63} == {MaxPool2d, SumPool2d}
    assert {layer.ops[-1].kind for layer in layers} >= {"Conv2d", "Requantise", "Threshold"}
    assert len({layer.input.type.zero_point for layer in layers}) > 20
