"""The planner's model of a whole engine's area against what Yosys made of it."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from twofold.plan.area.engine import EngineArea, engine_area
from twofold.plan.area.memory import block_rams
from twofold.rtl.geometry import Feature, Geometry, PeName
from twofold.rtl.primitives.family import Family

RESNET8 = Geometry(
    lanes=16,
    tiles=8,
    weight_banks=4,
    kinds=(PeName.LUT_DA, PeName.INT8_DSP),
    int8_dsp_inputs=3,
    lut_da_activation_bits=4,
    accumulator_bits=21,
    activation_words=512,
    full_tiles=1,
    lean_bits=19,
    multiplier_lanes=1,
    level_bits=0,
    features=(),
    lane_shift=3,
    instructions=256,
    family=Family.XC7,
)
MEASURED = EngineArea(lut=30550, lutram=14932, ff=69501, dsp=193, bram36=94.0)
"""`twofold.synth.yosys.synthesise(Engine(RESNET8), "engine")`, Yosys 0.70."""

RESNET20 = replace(
    RESNET8, tiles=4, activation_words=1024, weight_words=4608, parameter_words=1536, instructions=512
)
MEASURED_RESNET20 = EngineArea(lut=18861, lutram=7940, ff=40242, dsp=97, bram36=132.0)

WIDE = Geometry(
    lanes=16,
    tiles=4,
    weight_banks=4,
    kinds=(PeName.LUT_DA,),
    lut_da_low=-127,
    lut_da_high=127,
    accumulator_bits=22,
    activation_words=1024,
    thresholds=False,
    level_bits=0,
    features=(),
    lane_shift=1,
    instructions=256,
    family=Family.XC7,
)
"""ResNet-8 in INT8."""

MEASURED_WIDE = EngineArea(lut=34209, lutram=15925, ff=64336, dsp=64, bram36=77.5)
ONE_TILE = Geometry(
    lanes=16,
    kinds=(PeName.LUT_DA, PeName.INT8_DSP),
    int8_dsp_inputs=5,
    lut_da_activation_bits=4,
    accumulator_bits=21,
    activation_words=4096,
    weight_words=16384,
    thresholds=False,
    level_bits=0,
    features=(),
    lane_shift=3,
    instructions=256,
    family=Family.XC7,
)
"""ResNet-20 in 4 bits."""

MEASURED_ONE_TILE = EngineArea(lut=8213, lutram=1614, ff=12973, dsp=56, bram36=91.5)
ONE_TILE_INT8 = replace(
    ONE_TILE,
    kinds=(PeName.INT8_DSP,),
    int8_dsp_inputs=None,
    accumulator_bits=23,
    weight_words=17408,
    lane_shift=1,
)
MEASURED_ONE_TILE_INT8 = EngineArea(lut=6789, lutram=264, ff=9984, dsp=144, bram36=96.0)
TWO_TILES_INT8 = replace(
    WIDE,
    tiles=2,
    weight_banks=2,
    accumulator_bits=23,
    activation_words=2048,
    weight_words=9216,
    instructions=512,
)
SIXTEEN_TILES = replace(RESNET8, tiles=16, int8_dsp_inputs=9, full_tiles=2, weight_words=1536, lean_bits=20)
MEASURED_SIXTEEN_TILES = EngineArea(lut=62437, lutram=29885, ff=138897, dsp=1154, bram36=140.5)
MEASURED_TWO_TILES_INT8 = EngineArea(lut=18547, lutram=7987, ff=34464, dsp=32, bram36=109.5)
ONE_TILE_BESIDE = replace(ONE_TILE, int8_dsp_inputs=None, beside=PeName.INT8_DSP)
MEASURED_ONE_TILE_BESIDE = EngineArea(lut=9196, lutram=1711, ff=15074, dsp=144, bram36=96.5)
RESNET8_BESIDE = replace(
    RESNET8,
    kinds=(PeName.APOT_SHIFT, PeName.INT8_DSP),
    beside=PeName.INT8_DSP,
    apot_activation_bits=4,
    int8_dsp_inputs=None,
    weight_words=4096,
    full_tiles=4,
    lean_bits=20,
)
MEASURED_RESNET8_BESIDE = EngineArea(lut=55907, lutram=5566, ff=106084, dsp=1028, bram36=163.5)


@pytest.mark.parametrize(
    ("geometry", "measured"),
    [
        (RESNET8, MEASURED),
        (RESNET20, MEASURED_RESNET20),
        (WIDE, MEASURED_WIDE),
        (ONE_TILE, MEASURED_ONE_TILE),
        (ONE_TILE_INT8, MEASURED_ONE_TILE_INT8),
        (TWO_TILES_INT8, MEASURED_TWO_TILES_INT8),
        (ONE_TILE_BESIDE, MEASURED_ONE_TILE_BESIDE),
        (RESNET8_BESIDE, MEASURED_RESNET8_BESIDE),
        (SIXTEEN_TILES, MEASURED_SIXTEEN_TILES),
    ],
)
def test_the_model_is_within_a_tenth_of_synthesis(geometry: Geometry, measured: EngineArea) -> None:
    modelled, found = _counts(engine_area(geometry)), _counts(measured)
    for resource, count in found.items():
        assert modelled[resource] == pytest.approx(count, rel=0.1), resource


def _counts(area: EngineArea) -> dict[str, float]:
    """LUTs together, as a device has them."""
    counts = asdict(area)
    return counts | {"lut": counts["lut"] + counts.pop("lutram")}


def test_a_memory_of_two_parts_takes_the_blocks_of_both() -> None:
    assert block_rams(17408, 128) == block_rams(16384, 128) + block_rams(1024, 128) == 60 + 4
    deep = replace(RESNET8, weight_words=1536)
    assert engine_area(deep).lut - engine_area(RESNET8).lut == RESNET8.weight_banks * 64


def test_dsp_blocks_are_exact() -> None:
    assert engine_area(RESNET8).dsp == MEASURED.dsp
    assert engine_area(RESNET20).dsp == MEASURED_RESNET20.dsp
    assert engine_area(RESNET8_BESIDE).dsp == MEASURED_RESNET8_BESIDE.dsp


def test_what_is_left_out_takes_nothing() -> None:
    whole = engine_area(RESNET8)
    for more in (
        {"features": tuple(Feature)},
        {"lane_shift": 7},
        {"full_tiles": None},
        {"multiplier_lanes": 2},
        {"accumulator_bits": 24},
    ):
        assert engine_area(replace(RESNET8, **more)).lut > whole.lut  # type: ignore[arg-type]
    assert engine_area(replace(RESNET8, int8_dsp_inputs=None)).dsp == 8 * 128 + 1


@pytest.mark.parametrize(
    ("depth", "width", "blocks"),
    [(512, 36, 0.5), (512, 128, 2), (1024, 128, 4), (2048, 128, 7.5), (16, 9, 0.5), (32768, 1, 1)],
)
def test_block_rams_by_depth_and_width(depth: int, width: int, blocks: float) -> None:
    assert block_rams(depth, width) == blocks
