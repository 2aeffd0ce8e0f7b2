"""Maps as words, and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twofold.plan.memory.layout import blocks_of, pack, unpack


@given(
    shape=st.tuples(*(st.integers(1, high) for high in (3, 20, 5, 5))),
    lanes=st.sampled_from([8, 16]),
    signed=st.booleans(),
    bits=st.sampled_from([8, 32]),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_is_packed_comes_back(
    shape: tuple[int, int, int, int], lanes: int, signed: bool, bits: int, seed: int
) -> None:
    low = -(1 << (bits - 1)) if signed else 0
    codes = np.random.default_rng(seed).integers(low, low + (1 << bits), shape)
    words = pack(codes, lanes, np.dtype(f"u{bits // 8}"))
    frames, channels, height, width = shape
    assert words.shape == (frames, blocks_of(channels, lanes), height, width, lanes)
    assert np.array_equal(unpack(words, channels, signed), codes)


def test_channels_of_a_pixel_lie_side_by_side_and_missing_ones_are_zero() -> None:
    codes = np.arange(1, 21).reshape(1, 10, 1, 2)
    words = pack(codes, 8)
    assert words[0, 0, 0, 1].tolist() == [2, 4, 6, 8, 10, 12, 14, 16]
    assert words[0, 1, 0, 0].tolist() == [17, 19, 0, 0, 0, 0, 0, 0]


def test_negative_codes_are_in_twos_complement() -> None:
    assert pack(np.full((1, 1, 1, 1), -2), 8).tobytes() == b"\xfe" + bytes(7)


@pytest.mark.parametrize(("channels", "blocks"), [(1, 1), (8, 1), (9, 2), (64, 8)])
def test_blocks(channels: int, blocks: int) -> None:
    assert blocks_of(channels, 8) == blocks
