"""Stages as instructions: windows, bands of rows, how operands are read, and what has no encoding."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from twofold.network.errors import NetworkError
from twofold.network.graph import Network
from twofold.network.ops import Add, Conv2d, MaxPool2d, Requantise
from twofold.plan.layer_fields import Band, Placement, bands, check_limits, layer_fields
from twofold.plan.stages import Body, Map, Stage, stages
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import LANES_PE, Opcode, Output, encode
from twofold.rtl.partial_sums import Accumulation

PLACE = Placement(operands=(100, 300), result=500, weights=7, parameters=9)


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


def test_a_band_of_a_convolution() -> None:
    body = convolution(stride=(2, 1), dilation=(3, 1), padding=(4, 1, 0, 0))
    whole = stage(body, map_of("x", (10, 12, 7), zero_point=-6), result=(9, 5, 7))
    fields = layer_fields(whole, 8, 2, PLACE, Band(first=3, rows=2))
    assert encode(Opcode.LAYER, fields)
    assert {name: fields[name] for name in ("out_blocks", "in_blocks", "out_height", "out_width")} == {
        "out_blocks": 2,
        "in_blocks": 2,
        "out_height": 2,
        "out_width": 7,
    }
    assert (fields["origin_y"], fields["origin_x"]) == (-4 + 3 * 2, -1)
    assert fields["in_base"] == 100 + 2 * 7
    assert (fields["row_stride"], fields["tap_stride"]) == (2 * 7, 3 * 7)
    assert (fields["in_block_stride"], fields["in_out_stride"]) == (12 * 7, 0)
    assert (fields["out_base"], fields["out_block_stride"]) == (500 + 3 * 7, 5 * 7)
    assert (fields["pad"], fields["zero_point"]) == (-6, 2)
    assert (fields["clamp_lo"], fields["clamp_hi"], fields["output"]) == (-5, 9, Output.MULTIPLY)


def test_rows_above_the_map_wrap_around() -> None:
    body = convolution(padding=(2, 0, 0, 0))
    whole = stage(body, map_of("x", (10, 12, 7)), result=(9, 12, 6))
    fields = layer_fields(whole, 8, 1, replace(PLACE, operands=(5,)), Band(0, 12))
    assert fields["in_base"] == (5 - 2 * 7) % (1 << 16)


def test_the_operands_of_an_addition_are_its_input_blocks() -> None:
    operands = (map_of("a", (10, 4, 4)), replace(map_of("b", (10, 4, 4)), signed=False))
    whole = stage(Add("add", ("a", "b"), "s", shifts=(3, 1)), *operands, result=(10, 4, 4))
    fields = layer_fields(whole, 8, LANES_PE, PLACE, Band(0, 4))
    assert (fields["in_blocks"], fields["in_block_stride"], fields["in_out_stride"]) == (2, 200, 16)
    assert (fields["signed_first"], fields["signed_rest"]) == (1, 0)
    assert (fields["shift_first"], fields["shift_rest"]) == (3, 1)
    backwards = layer_fields(whole, 8, LANES_PE, replace(PLACE, operands=(300, 100)), Band(0, 4))
    assert backwards["in_block_stride"] == (1 << 16) - 200


def test_padding_never_wins_a_maximum() -> None:
    pool = MaxPool2d("pool", ("x",), "s", kernel=(2, 2), stride=(2, 2), padding=(1, 1, 0, 0))
    whole = stage(pool, map_of("x", (10, 4, 4), bits=5), result=(10, 2, 2))
    fields = layer_fields(whole, 8, LANES_PE, PLACE, Band(0, 2))
    assert (fields["pad"], fields["accumulation"]) == (-16, Accumulation.MAX.value)
    assert fields["in_blocks"] == 1


def test_bands_cover_all_rows_with_sums_that_fit() -> None:
    whole = stage(convolution(), map_of("x", (10, 19, 11)), result=(9, 17, 10))
    found = list(bands(whole, Geometry(sum_words=64)))
    assert found == [Band(0, 6), Band(6, 6), Band(12, 5)]


def test_rows_and_results_longer_than_the_memory_of_sums_are_refused(network: Network) -> None:
    whole = stage(convolution(), map_of("x", (10, 19, 31)), result=(9, 17, 30))
    with pytest.raises(NetworkError, match="y: output width: expected at most 16 columns, found 30"):
        list(bands(whole, Geometry(sum_words=16)))
    sums = replace(whole, quantiser=None)
    with pytest.raises(NetworkError, match="y: sums: expected at most 512 words, found 1020"):
        list(bands(sums, Geometry(sum_words=512)))
    assert list(bands(stages(network)[-1], Geometry(sum_words=16))) == [Band(0, 1)]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (convolution(groups=2), "conv: groups: expected 1 on this engine, found 2"),
        (convolution(weight=np.ones((9, 10, 64, 1))), "conv: kernel: expected at most 63, found (64, 1)"),
        (convolution(stride=(1, 64)), "conv: stride: expected at most 63, found (1, 64)"),
        (convolution(dilation=(65, 1)), "conv: dilation: expected at most 63, found (65, 1)"),
        (convolution(padding=(0, 0, 0, 129)), "conv: padding: expected at most 128, found (0, 0, 0, 129)"),
        (convolution(weight=np.ones((9, 10, 1, 1))), None),
    ],
)
def test_what_a_layer_cannot_express_is_refused_by_name(body: Conv2d, message: str | None) -> None:
    whole = stage(body, map_of("x", (10, 12, 7)), result=(9, 12, 7))
    if message is None:
        check_limits(whole, 8)
        return
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        check_limits(whole, 8)


@pytest.mark.parametrize(
    ("operand", "result", "message"),
    [
        (map_of("x", (10, 2048, 1)), (9, 1, 1), "conv: input size: expected at most 2047, found (2048, 1)"),
        (map_of("x", (10, 1, 1)), (9, 1, 2100), "conv: output size: expected at most 2047, found (1, 2100)"),
        (map_of("x", (10, 1, 1)), (2041, 1, 1), "conv: channels: expected at most 2040, found (10, 2041)"),
        (
            *(map_of("x", (10, 1, 1), bits=16), (9, 1, 1)),
            "conv: x: expected codes of at most 8 bits, found 16 bits",
        ),
    ],
)
def test_maps_that_are_too_large_are_refused_by_name(
    operand: Map, result: tuple[int, int, int], message: str
) -> None:
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        check_limits(stage(convolution(), operand, result=result), 8)


def test_shifts_beyond_the_hardwares_are_refused() -> None:
    maps = (map_of("a", (10, 4, 4)), map_of("b", (10, 4, 4)))
    with pytest.raises(NetworkError, match=r"^add: shifts: expected at most 7, found \(8, 0\)$"):
        check_limits(stage(Add("add", ("a", "b"), "s", shifts=(8, 0)), *maps, result=(10, 4, 4)), 8)
