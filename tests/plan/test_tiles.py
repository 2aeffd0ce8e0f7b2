"""Weights as tiles: order, padding, the choice of a kind, and words that mean the weights."""

from __future__ import annotations

import re

import numpy as np
import pytest

from twofold.network.errors import NetworkError
from twofold.network.ops import Conv2d
from twofold.network.types import IntArray
from twofold.plan.input_blocks import InputBlocks
from twofold.plan.maps import Map
from twofold.plan.tiles import tile_weights, tiles
from twofold.rtl.mac.apot_shift import ApotShift
from twofold.rtl.mac.int8_dsp import Int8Dsp
from twofold.rtl.mac.int_mul import IntMul

LANES = 8
KINDS = (ApotShift(LANES, LANES), Int8Dsp(LANES, LANES), IntMul(LANES, LANES))


def conv(weight: IntArray) -> Conv2d:
    return Conv2d("c", ("x",), "y", weight=weight, bias=np.zeros(len(weight), np.int64))


def operand(channels: int, *, signed: bool = False, bits: int = 8) -> Map:
    return Map("x", channels, 5, 5, signed, bits, 0)


def test_tiles_come_in_the_order_of_the_loop_nest_with_zeros_for_missing_channels() -> None:
    weight = np.random.default_rng(1).integers(-9, 10, (11, 9, 2, 3))
    found = list(tiles(conv(weight), LANES))
    order = list(np.ndindex(2, 2, 2, 3))
    assert [out for out, _ in found] == [out for out, *_ in order]
    for (out, in_, y, x), (_, tile) in zip(order, found, strict=True):
        part = weight[out * LANES : (out + 1) * LANES, in_ * LANES : (in_ + 1) * LANES, y, x]
        assert np.array_equal(tile[: part.shape[0], : part.shape[1]], part)
        assert np.abs(tile).sum() == np.abs(part).sum()


def test_words_hold_one_byte_a_weight() -> None:
    weight = np.random.default_rng(2).integers(-128, 128, (9, 8, 1, 1))
    tiled = tile_weights(conv(weight), operand(8), KINDS[2:])
    assert tiled.pe == 0
    words = [list(word.to_bytes(LANES, "little")) for word in tiled.words(0, 1, InputBlocks(1, (0, 0), 1))]
    rows = np.array(words, np.uint8).view(np.int8)
    assert np.array_equal(rows[:9], weight[:, :, 0, 0])
    assert not rows[9:].any()
    assert not tiled.correction.any()


def test_apot_words_and_their_correction() -> None:
    """The hardware's sums plus the correction are the products: 255 − a stands for −a in the sums."""
    levels = np.array([-10, -6, -1, 0, 3, 8])
    weight = np.random.default_rng(3).choice(levels, (11, 9, 3, 3))
    tiled = tile_weights(conv(weight), operand(9), KINDS)
    assert tiled.pe == 0
    assert len(tiled.words(0, 1, InputBlocks(2, (0, 0), 2))) == 2 * 2 * 9 * KINDS[0].load_words
    assert np.array_equal(tiled.correction, 255 * np.minimum(weight, 0).sum(axis=(1, 2, 3)))
    assert tiled.slack == -tiled.correction.min()


@pytest.mark.parametrize(
    ("weight", "map_", "pe"),
    [
        (10, operand(1), 0),
        (10, operand(1, signed=True), 1),
        (127, operand(1), 1),
        (-128, operand(1), 1),
    ],
)
def test_the_first_kind_that_holds_weights_and_activations_is_taken(weight: int, map_: Map, pe: int) -> None:
    assert tile_weights(conv(np.full((1, 1, 1, 1), weight)), map_, KINDS).pe == pe


def test_weights_that_no_kind_holds_are_refused_with_each_kinds_reason() -> None:
    message = (
        "c: weights: expected a PE kind of the geometry that holds them, found "
        "apot_shift: expected weights ±[0, 1, 2, 3, 4, 6, 8, 10], found -200; "
        "int8_dsp: expected weights in [-128, 127], found -200"
    )
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        tile_weights(conv(np.full((1, 1, 1, 1), -200)), operand(1), KINDS[:2])


def test_activations_that_no_kind_takes_are_refused() -> None:
    message = r"apot_shift: expected activations in \[0, 255\], found \[-128, 127\]"
    with pytest.raises(NetworkError, match=message):
        tile_weights(conv(np.ones((1, 1, 1, 1), np.int64)), operand(1, signed=True), KINDS[:1])


def test_the_words_of_one_place_in_groups_of_blocks() -> None:
    weight = np.random.default_rng(4).integers(-128, 128, (20, 8, 1, 1))
    tiled = tile_weights(conv(weight), operand(8), KINDS[2:])
    assert [len(block) for block in (*tiled.blocks, tiled.empty)] == [8] * 4
    whole = InputBlocks(1, (0, 0), 1)
    assert tiled.words(0, 2, whole) == tiled.blocks[0] + tiled.blocks[2]
    assert tiled.words(1, 2, whole) == tiled.blocks[1] + tiled.empty
    assert not any(tiled.empty)


def test_the_words_of_some_input_blocks_with_zeros_behind_the_map() -> None:
    weight = np.random.default_rng(5).integers(-128, 128, (16, 24, 1, 1))
    tiled = tile_weights(conv(weight), operand(24), KINDS[2:])
    words = tiled.words(0, 1, InputBlocks(2, (0, 2), 3))
    assert words == tiled.blocks[0][:16] + tiled.blocks[1][16:] + tiled.empty[:8]
