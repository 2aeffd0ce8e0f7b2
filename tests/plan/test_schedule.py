"""Programs: their shape, and networks that are refused by the name of what does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.errors import UserError
from twofold.network.errors import NetworkError
from twofold.network.graph import Network
from twofold.network.ops import Conv2d, Op, Threshold
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.passes.run import run_passes
from twofold.network.types import IntType
from twofold.plan.schedule import plan, result_maps
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import Base, Memory, Opcode

KINDS = (PeName.APOT_SHIFT, PeName.INT8_DSP, PeName.INT_MUL)


def test_a_program_is_setup_frame_and_end(network: Network, geometry: Geometry) -> None:
    program = plan(network, geometry)
    assert [(step.opcode.name, step.label) for step in program.instructions] == [
        ("LOAD", "weights"),
        ("LOAD", "parameters"),
        ("LOAD", "input"),
        ("FRAME", "frame"),
        *(("LAYER", name) for name in ("left", "right")),
        ("PREFETCH", "input"),
        *(("LAYER", name) for name in ("joined", "best", "logits")),
        ("STORE", "logits"),
        ("END", "end"),
    ]
    assert [region.map.name for region in program.outputs] == ["logits"]


def test_a_traced_program_stores_every_layer_right_after_it(network: Network, geometry: Geometry) -> None:
    program = plan(network, geometry, traced=True)
    order = [step.label for step in program.instructions if step.opcode is Opcode.STORE]
    assert order == [map_.name for map_ in result_maps(network)]
    assert program.outputs[0].map.name == network.output_name
    for before, step in zip(program.instructions, program.instructions[1:], strict=False):
        assert step.opcode is not Opcode.STORE or (before.opcode, before.label) == (Opcode.LAYER, step.label)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_networks_are_planned_within_the_memories_or_refused_by_name(
    networks: st.SearchStrategy[Network], drawn: st.DataObject
) -> None:
    network = drawn.draw(networks)
    geometry = Geometry(kinds=KINDS, activation_words=256, weight_words=256, parameter_words=64, sum_words=16)
    try:
        program = plan(network, geometry, traced=True)
    except NetworkError as error:
        assert error.node in {op.name for op in network.ops}
        return
    except UserError as error:
        assert re.match(r"(activation memory|weights|parameters): ", str(error))
        return
    depths = {
        Memory.ACTIVATIONS: geometry.activation_words,
        Memory.WEIGHTS: geometry.weight_words,
        Memory.PARAMETERS: geometry.parameter_words,
        Memory.SUMS: geometry.sum_words,
    }
    sizes = {
        Base.MODEL: len(program.image),
        Base.INPUT: program.input_stride,
        Base.OUTPUT: program.output_stride,
    }
    assert program.code
    for step in program.instructions:
        if step.opcode in (Opcode.LOAD, Opcode.PREFETCH, Opcode.STORE):
            assert step.fields["address"] + step.fields["words"] <= depths[Memory(step.fields["memory"])]
            assert step.fields["offset"] % 8 == 0
            assert step.fields["offset"] < sizes[Base(step.fields["base"])]


def with_op(network: Network, name: str, change: Callable[[Op], Op]) -> Network:
    return replace(network, ops=tuple(change(op) if op.name == name else op for op in network.ops))


def with_type(network: Network, name: str, type_: IntType) -> Network:
    tensor = replace(network.tensors[name], type=type_)
    return replace(network, tensors={**network.tensors, name: tensor})


def more_thresholds(op: Op) -> Op:
    assert isinstance(op, Threshold)
    return replace(op, thresholds=np.tile(np.arange(16) ** 2, (10, 1)), levels=np.arange(17))


def with_greater_bias(op: Op) -> Op:
    assert isinstance(op, Conv2d)
    return replace(op, bias=np.full(10, 1 << 23))


REFUSALS: dict[str, tuple[Callable[[Network], Network], str]] = {
    "thresholds": (
        lambda network: with_op(network, "act", more_thresholds),
        "act: thresholds: expected at most 15 a channel, or equal steps that a multiplier gives (quantise "
        "this to 4 bits or fewer or to uniform levels, average over a power of two of pixels, or build "
        "with --backend hls), found 16",
    ),
    "accumulator": (
        lambda network: with_op(network, "point", with_greater_bias),
        "point: accumulator: expected sums of 24 bits, found ",
    ),
    "activations": (
        lambda network: with_type(network, "joined", IntType(False, 16)),
        "join: joined: expected codes of at most 8 bits (quantise this to 8 bits or fewer, or build with "
        "--backend hls, which takes any width), found 16 bits",
    ),
    "output": (
        lambda network: replace(
            network, output_name="flat", ops=network.ops[:-1], tensors=dict(network.tensors)
        ),
        "small: output: expected a tensor that a layer computes (leave the last Flatten out and flatten what "
        "comes from the engine, or end with a fully connected layer), found flat",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals_name_the_op_and_what_was_expected(case: str, network: Network, geometry: Geometry) -> None:
    change, message = REFUSALS[case]
    changed = change(network)
    used = {changed.input_name, *(op.output for op in changed.ops)}
    tensors = {name: tensor for name, tensor in changed.tensors.items() if name in used}
    changed = run_passes(narrow_accumulators(replace(changed, tensors=tensors)), [])
    with pytest.raises(NetworkError, match="^" + re.escape(message)):
        plan(changed, geometry)


def test_programs_longer_than_the_memory_are_refused(network: Network, geometry: Geometry) -> None:
    with pytest.raises(NetworkError, match=r"^small: instructions: expected at most 16, found 1[7-9]$"):
        plan(network, replace(geometry, instructions=16, sum_words=16), traced=True)


def test_a_layer_that_no_kind_holds_is_refused(network: Network, geometry: Geometry) -> None:
    with pytest.raises(NetworkError, match=r"^point: weights: expected a PE kind of the geometry"):
        plan(network, replace(geometry, kinds=(PeName.APOT_SHIFT,)))
