"""Geometries: which are refused, and in which words."""

from __future__ import annotations

import re

import pytest

from twofold.errors import UserError
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.inner_product import ProductTiming


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lanes": 4}, "lanes: expected a multiple of 8 from 8 to 32, got 4"),
        ({"lanes": 40}, "lanes: expected a multiple of 8 from 8 to 32, got 40"),
        ({"lanes": 12}, "lanes: expected a multiple of 8 from 8 to 32, got 12"),
        ({"tiles": 3}, "tiles: expected one of [1, 2, 4, 8, 16], got 3"),
        ({"tiles": 2, "weight_banks": 4}, "weight_banks: expected one of [1, 2, 4, 8, 16], at most 2, got 4"),
        ({"kinds": ()}, "kinds: expected one to three different PE kinds, got []"),
        ({"kinds": (PeName.INT_MUL,) * 2}, "kinds: expected one to three different PE kinds"),
        ({"apot_activation_bits": 9}, "apot_activation_bits: expected 2 to 8, got 9"),
        ({"int8_dsp_inputs": 9}, "int8_dsp_inputs: expected 1 to 8, got 9"),
        ({"lanes": 32, "int8_dsp_inputs": 1}, "int8_dsp_inputs: expected 2 to 32, got 1"),
        ({"int4_dsp_low": -17}, "int4_dsp_low, int4_dsp_high: expected -15 to 0 and 1 to 15, got -17 and 10"),
        ({"lut_da_low": 1}, "lut_da_low, lut_da_high: expected -128 to 0 and 1 to 127, got 1 and 10"),
        ({"lut_da_high": 128}, "lut_da_low, lut_da_high: expected -128 to 0 and 1 to 127, got -10 and 128"),
        ({"lut_da_activation_bits": 0}, "lut_da_activation_bits: expected 1 to 8, got 0"),
        ({"accumulator_bits": 15}, "accumulator_bits: expected 16 to 24, got 15"),
        ({"accumulator_bits": 25}, "accumulator_bits: expected 16 to 24, got 25"),
        ({"multiplier_lanes": 3}, "multiplier_lanes: expected a divisor of 8, got 3"),
        ({"tiles": 2, "full_tiles": 3}, "full_tiles: expected 1 to 2, got 3"),
        (
            {"tiles": 2, "full_tiles": 1, "thresholds": False},
            "full_tiles: expected 2 without thresholds, got 1",
        ),
        ({"accumulator_bits": 20, "lean_bits": 21}, "lean_bits: expected 16 to 20, got 21"),
        ({"level_bits": 9}, "level_bits: expected 0 or 4 to 8, got 9"),
        ({"lane_shift": 8}, "lane_shift: expected 0 to 7, got 8"),
        ({"sum_words": 8}, "sum_words: expected a power of two from 16 to 65536, got 8"),
        (
            {"weight_words": 3584},
            "weight_words: expected a power of two from 16 to 65536, or the sum of two from 512 on, got 3584",
        ),
        ({"activation_words": 1536}, "activation_words: expected a power of two from 16 to 65536, got 1536"),
        ({"instructions": 1 << 17}, "instructions: expected a power of two from 16 to 65536, got 131072"),
    ],
)
def test_refusals(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match="^" + re.escape(message)):
        Geometry(**fields)  # type: ignore[arg-type]


def test_words_are_whole_beats() -> None:
    geometry = Geometry(lanes=16)
    assert geometry.activation_word_bits == geometry.weight_word_bits == 128
    assert geometry.parameter_word_bits == geometry.sum_word_bits == 512


def test_accumulators_must_hold_a_product_of_the_widest_kind() -> None:
    geometry = Geometry(lanes=8, kinds=(PeName.INT8_DSP,), accumulator_bits=18)
    message = "accumulator_bits: 8 lanes of int8_dsp need at least 19, got 18"
    with pytest.raises(UserError, match=f"^{message}$"):
        ProductTiming.of(geometry)
