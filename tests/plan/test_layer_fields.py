"""Stages as instructions: windows, tiles, how operands are read, and what has no encoding."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from twofold.network.errors import NetworkError
from twofold.network.ops import Add, Conv2d, MaxPool2d, Requantise, SumPool2d
from twofold.plan.layer_fields import Placement, check_limits, layer_fields
from twofold.plan.maps import Map
from twofold.plan.split import Split, Work
from twofold.plan.stages import Body, Stage
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import LANES_PE, Opcode, Output, encode
from twofold.rtl.partial_sums import Accumulation

PLACE = Placement((100, 300), 500, weights=7, parameters=9, group_weights=72, group_parameters=2)
ONE = Geometry(lanes=8)
EIGHT = Geometry(lanes=8, tiles=8, weight_banks=4)


def whole_work(rows: int, groups: int = 2, first: int = 0, count: int = 0) -> Work:
    """All blocks of `count` rows from `first` on, or of all rows, by a single tile."""
    return Work(Split(1, 1, 1, rows), first, count or rows, 0, groups)


def map_of(name: str, size: tuple[int, int, int], bits: int = 8, zero_point: int = 0) -> Map:
    return Map(name, *size, signed=True, bits=bits, zero_point=zero_point)


def convolution(**fields: object) -> Conv2d:
    defaults: dict[str, object] = {"weight": np.ones((9, 10, 3, 2)), "bias": np.zeros(9)}
    return Conv2d("conv", ("x",), "s", **defaults | fields)  # type: ignore[arg-type]


def stage(body: Body, *operands: Map, result: tuple[int, int, int]) -> Stage:
    ones = np.ones(result[0])
    quantiser = Requantise("q", ("s",), "y", multiplier=ones, shift=ones, bounds=(-5, 9))
    return Stage(
        "y", body, quantiser, operands, map_of("s", result, bits=20), map_of("y", result, zero_point=2)
    )


def test_some_rows_of_a_convolution() -> None:
    body = convolution(stride=(2, 1), dilation=(3, 1), padding=(4, 1, 0, 0))
    whole = stage(body, map_of("x", (10, 12, 7), zero_point=-6), result=(9, 5, 7))
    fields = layer_fields(whole, ONE, 2, PLACE, whole_work(5, first=3, count=2))
    assert encode(Opcode.LAYER, fields)
    assert {name: fields[name] for name in ("out_groups", "in_blocks", "out_height", "out_width")} == {
        "out_groups": 2,
        "in_blocks": 2,
        "out_height": 2,
        "out_width": 7,
    }
    assert (fields["origin_y"], fields["origin_x"]) == (-4 + 3 * 2, -1)
    assert (fields["in_base"], fields["in_row"], fields["in_band_words"]) == (100, 2 * 7, 12 * 7)
    assert (fields["row_stride"], fields["tap_stride"]) == (2 * 7, 3 * 7)
    assert (fields["in_block_stride"], fields["in_out_stride"]) == (12 * 7, 0)
    assert (fields["out_base"], fields["out_row"], fields["out_group_stride"]) == (500, 3 * 7, 5 * 7)
    assert (fields["weight_base"], fields["parameter_base"]) == (7, 9)
    assert not any(
        fields[name] for name in ("in_fold", "in_bank", "row_banks", "tap_banks", "out_fold", "out_bank")
    )
    assert (fields["pad"], fields["zero_point"]) == (-6, 2)
    assert (fields["clamp_lo"], fields["clamp_hi"], fields["output"]) == (-5, 9, Output.MULTIPLY)


def test_sums_of_one_pixel_are_chained_in_full_tiles() -> None:
    pool = SumPool2d("pool", ("x",), "s", kernel=(4, 4), stride=(4, 4))
    whole = stage(pool, map_of("x", (10, 4, 4)), result=(10, 1, 1))
    both, few = Work(Split(1, 8, 2, 1), 0, 1, 0, 1), replace(EIGHT, full_tiles=1)
    assert layer_fields(whole, EIGHT, LANES_PE, PLACE, both)["chained"] == 1
    assert layer_fields(whole, few, LANES_PE, PLACE, both)["chained"] == 0
    assert layer_fields(whole, few, LANES_PE, PLACE, Work(Split(1, 8, 1, 1), 0, 1, 0, 2))["chained"] == 1
    more = stage(pool, map_of("x", (10, 8, 4)), result=(10, 2, 1))
    assert layer_fields(more, EIGHT, LANES_PE, PLACE, Work(Split(1, 8, 2, 2), 0, 2, 0, 1))["chained"] == 0


def test_channels_beyond_a_kinds_inputs_take_more_parts() -> None:
    narrow = replace(ONE, kinds=(PeName.INT8_DSP,), int8_dsp_inputs=3)
    for channels, parts in ((3, 1), (5, 2), (10, 3)):
        body = convolution(weight=np.ones((9, channels, 1, 1)))
        whole = stage(body, map_of("x", (channels, 12, 7)), result=(9, 12, 7))
        assert layer_fields(whole, narrow, 1, PLACE, whole_work(12))["parts"] == parts


def test_rows_above_the_map_are_in_the_band_above() -> None:
    body = convolution(padding=(2, 0, 0, 0))
    whole = stage(body, map_of("x", (10, 12, 7)), result=(9, 12, 6))
    fields = layer_fields(whole, ONE, 1, PLACE, whole_work(12))
    assert (fields["origin_y"], fields["in_row"]) == (-2, 10 * 7)
    eight = layer_fields(whole, EIGHT, 1, PLACE, Work(Split(4, 2, 2, 4), 0, 4, 0, 1))
    assert (eight["in_band_words"], eight["in_bank"], eight["in_row"]) == (2 * 7, 7, 0)


def test_tiles_share_a_convolution() -> None:
    """Four bands of two output rows and blocks by twos: a bank has two rows of input, and one of output."""
    body = convolution(weight=np.ones((30, 10, 3, 3)), stride=(2, 2), padding=(1, 1, 1, 1))
    whole = stage(body, map_of("x", (10, 16, 16)), result=(30, 8, 8))
    fields = layer_fields(whole, EIGHT, 1, PLACE, Work(Split(4, 2, 2, 2), 0, 2, 0, 2))
    assert encode(Opcode.LAYER, fields)
    assert (fields["blocks_log2"], fields["tile_blocks"], fields["last_blocks"]) == (1, 2, 2)
    assert (fields["out_groups"], fields["out_height"], fields["tile_rows"]) == (2, 2, 4)
    assert (fields["in_band_words"], fields["in_fold"], fields["in_bank"], fields["in_row"]) == (32, 0, 7, 16)
    assert (fields["row_stride"], fields["row_banks"]) == (0, 1)
    assert (fields["tap_stride"], fields["tap_banks"]) == (16, 0)
    assert (fields["out_band_words"], fields["out_fold"], fields["out_group_stride"]) == (8, 0, 2 * 8)


def test_groups_that_are_instructions_of_their_own() -> None:
    whole = stage(convolution(weight=np.ones((90, 10, 1, 1))), map_of("x", (10, 1, 1)), result=(90, 1, 1))
    fields = layer_fields(whole, EIGHT, 1, PLACE, Work(Split(1, 8, 4, 1), 0, 1, 2, 1))
    assert (fields["weight_base"], fields["parameter_base"]) == (7 + 2 * 72, 9 + 2 * 2)
    assert (fields["out_base"], fields["out_bank"]) == (500 + 1, 0)
    assert (fields["tile_blocks"], fields["last_blocks"], fields["out_groups"]) == (4, 4, 1)


def test_groups_of_their_own_read_their_own_blocks() -> None:
    pool = SumPool2d("pool", ("x",), "s", kernel=(8, 8), stride=(8, 8))
    whole = stage(pool, map_of("x", (90, 8, 8)), result=(90, 1, 1))
    fields = layer_fields(whole, EIGHT, LANES_PE, PLACE, Work(Split(1, 8, 4, 1), 0, 1, 2, 1))
    assert (fields["in_base"], fields["in_bank"]) == (100 + 8 * 8, 0)
    assert (fields["out_base"], fields["out_bank"]) == (500 + 1, 0)


def test_the_operands_of_an_addition_are_its_input_blocks() -> None:
    operands = (map_of("a", (10, 4, 4)), replace(map_of("b", (10, 4, 4)), signed=False))
    whole = stage(Add("add", ("a", "b"), "s", shifts=(3, 1)), *operands, result=(10, 4, 4))
    fields = layer_fields(whole, ONE, LANES_PE, PLACE, whole_work(4))
    assert (fields["in_blocks"], fields["in_block_stride"], fields["in_out_stride"]) == (2, 200, 16)
    assert (fields["signed_first"], fields["signed_rest"]) == (1, 0)
    assert (fields["shift_first"], fields["shift_rest"]) == (3, 1)
    backwards = layer_fields(whole, ONE, LANES_PE, replace(PLACE, operands=(300, 100)), whole_work(4))
    assert backwards["in_block_stride"] == (1 << 16) - 200


def test_padding_never_wins_a_maximum() -> None:
    pool = MaxPool2d("pool", ("x",), "s", kernel=(2, 2), stride=(2, 2), padding=(1, 1, 0, 0))
    whole = stage(pool, map_of("x", (10, 4, 4), bits=5), result=(10, 2, 2))
    fields = layer_fields(whole, ONE, LANES_PE, PLACE, whole_work(2))
    assert (fields["pad"], fields["accumulation"]) == (-16, Accumulation.MAX.value)
    assert fields["in_blocks"] == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (convolution(weight=np.ones((9, 10, 256, 1))), "conv: kernel: expected at most 255, found (256, 1)"),
        (convolution(stride=(1, 64)), "conv: stride: expected at most 63, found (1, 64)"),
        (convolution(dilation=(65, 1)), "conv: dilation: expected at most 63, found (65, 1)"),
        (convolution(padding=(0, 0, 0, 129)), "conv: padding: expected at most 128, found (0, 0, 0, 129)"),
        (convolution(weight=np.ones((9, 10, 1, 1))), None),
    ],
)
def test_what_a_layer_cannot_express_is_refused_by_name(body: Conv2d, message: str | None) -> None:
    whole = stage(body, map_of("x", (10, 12, 7)), result=(9, 12, 7))
    if message is None:
        check_limits(whole, Geometry(lanes=8))
        return
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        check_limits(whole, Geometry(lanes=8))


@pytest.mark.parametrize(
    ("operand", "result", "message"),
    [
        (map_of("x", (10, 2048, 1)), (9, 1, 1), "conv: input size: expected at most 2047, found (2048, 1)"),
        (map_of("x", (10, 1, 1)), (9, 1, 2100), "conv: output size: expected at most 2047, found (1, 2100)"),
        (map_of("x", (10, 1, 1)), (2041, 1, 1), "conv: channels: expected at most 2040, found (10, 2041)"),
        (
            *(map_of("x", (10, 1, 1), bits=16), (9, 1, 1)),
            "conv: x: expected codes of at most 8 bits (quantise this to 8 bits or fewer, or build with "
            "--backend hls, which takes any width), found 16 bits",
        ),
    ],
)
def test_maps_that_are_too_large_are_refused_by_name(
    operand: Map, result: tuple[int, int, int], message: str
) -> None:
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        check_limits(stage(convolution(), operand, result=result), Geometry(lanes=8))


def test_shifts_beyond_the_hardwares_are_refused() -> None:
    maps = (map_of("a", (10, 4, 4)), map_of("b", (10, 4, 4)))
    with pytest.raises(NetworkError, match=r"^add: shifts: expected at most 7, lane_shift, found \(8, 0\)$"):
        check_limits(
            stage(Add("add", ("a", "b"), "s", shifts=(8, 0)), *maps, result=(10, 4, 4)), Geometry(lanes=8)
        )


def test_windows_of_more_than_63_rows_need_a_geometry_for_them() -> None:
    whole = stage(convolution(weight=np.ones((9, 10, 64, 1))), map_of("x", (10, 80, 7)), result=(9, 17, 7))
    check_limits(whole, Geometry())
    with pytest.raises(NetworkError, match="conv: kernel: expected at most 63"):
        check_limits(whole, Geometry(features=()))
