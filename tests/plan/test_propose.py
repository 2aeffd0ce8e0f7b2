"""Proposed geometries hold the networks that they were proposed for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.network.graph import Network
from twofold.network.ops import Conv2d
from twofold.plan.area.capacity import excess
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.qonnx.importer.load import import_model
from twofold.qonnx.untrained import export_untrained
from twofold.quant.recipe import Int
from twofold.rtl.geometry import PeName
from twofold.rtl.isa import Opcode
from twofold.synth.devices import ZYNQ_7020

ASSETS = Path(__file__).parents[1] / "assets"


@pytest.mark.parametrize("lanes", [8, 16])
@pytest.mark.parametrize("name", ["apot", "int8"])
def test_everything_of_a_demo_network_stays_on_the_chip(name: str, lanes: int) -> None:
    network = import_model(ASSETS / name / "model.onnx")
    geometry = propose(network, lanes)
    assert geometry.lanes == lanes
    program = plan(network, geometry, traced=True)
    frame = [step.opcode for step in program.instructions].index(Opcode.FRAME)
    streamed = {step.fields["memory"] for step in program.instructions[frame:] if step.opcode is Opcode.LOAD}
    assert not streamed


def test_kinds_are_those_that_the_layers_need_in_the_order_of_preference(network: Network) -> None:
    assert propose(network).kinds == (PeName.APOT_SHIFT, PeName.INT8_DSP)
    assert propose(network, preference=(PeName.INT_MUL, PeName.INT8_DSP)).kinds == (PeName.INT_MUL,)


def test_shifts_are_as_wide_as_the_activations_that_meet_them(network: Network) -> None:
    assert propose(network).apot_activation_bits == 8
    assert propose(import_model(ASSETS / "apot" / "model.onnx")).apot_activation_bits == 6


def test_tables_are_as_wide_as_the_layers_that_they_hold() -> None:
    network = import_model(ASSETS / "apot" / "model.onnx")
    geometry = propose(network, preference=(PeName.LUT_DA, PeName.INT8_DSP))
    assert geometry.kinds == (PeName.LUT_DA, PeName.INT8_DSP)
    assert (geometry.lut_da_low, geometry.lut_da_high, geometry.lut_da_activation_bits) == (-10, 10, 6)
    assert propose(network).lut_da_activation_bits == 8


def test_weights_that_no_kind_holds_are_refused(network: Network) -> None:
    wide = [
        replace(op, weight=np.full(op.weight.shape, 200)) if isinstance(op, Conv2d) else op
        for op in network.ops
    ]
    with pytest.raises(UserError, match="apot_shift, int8_dsp, int_mul"):
        propose(replace(network, ops=tuple(wide)))


def test_packed_lanes_are_as_wide_as_the_weights_that_they_hold(network: Network) -> None:
    geometry = propose(network, preference=(PeName.INT4_DSP, PeName.INT8_DSP))
    assert (geometry.int4_dsp_low, geometry.int4_dsp_high) == (0, 1)
    assert propose(network).int4_dsp_low == -10


def test_memories_get_a_second_part_where_block_rams_are_few(tmp_path: Path) -> None:
    """A ResNet-20 in INT8 needs 16,976 words of weights of a Zynq-7020, which has no room for 32,768."""
    export_untrained("resnet20", Int(8), tmp_path / "model.onnx")
    network = import_model(tmp_path / "model.onnx")
    options = {"lanes": 16, "preference": (PeName.INT8_DSP,)}
    assert propose(network, **options).weight_words == 32768
    geometry = propose(network, **options, device=ZYNQ_7020)
    assert geometry.weight_words == 16384 + 1024
    assert not excess(geometry, ZYNQ_7020)
