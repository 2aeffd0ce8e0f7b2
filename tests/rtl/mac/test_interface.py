"""The contract that all kinds of processing element keep, on simulated hardware."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.network.types import IntArray, IntType
from twofold.rtl.mac.apot_shift import ApotShift
from twofold.rtl.mac.int4_dsp import Int4Dsp
from twofold.rtl.mac.int8_dsp import Int8Dsp
from twofold.rtl.mac.int_mul import IntMul
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.mac.weight_code import APOT4, INT4, TwosComplement
from twofold.rtl.primitives.family import Family
from twofold.sim import dsp48, primitives
from twofold.sim.benches.pe_stream import Stream, extreme_tiles, make_stream, random_tiles
from twofold.sim.vectors import build

BUILD = Path("build/vectors")
MODELS = primitives.XC7 + dsp48.DSP48E1 + dsp48.DSP48E2

KINDS = [
    IntMul(3, 2, weight_bits=4),
    ApotShift(4, 4),
    ApotShift(4, 4, activation_bits=4, family=Family.XC7),
    ApotShift(5, 3, terms=((0, 1, 4, 16), (0, 2, 8, 32)), activation_bits=6),
    ApotShift(5, 2, terms=((0, 2, 16, 64), (0, 1, 8, 32), (0, 4)), activation_bits=6, family=Family.XC7),
    Int8Dsp(2, 2),
    Int8Dsp(16, 2, Family.XC7),
    Int8Dsp(16, 2, Family.XC7, low=-127),
    Int8Dsp(16, 2, Family.XCUP),
    Int8Dsp(8, 4, Family.XC7, inputs=3),
    Int4Dsp(8, 6),
    Int4Dsp(16, 4, Family.XC7),
    Int4Dsp(16, 4, Family.XC7, low=-7),
    Int4Dsp(16, 4, Family.XCUP),
    Int4Dsp(16, 3, Family.XC7, -10, 10),
    LutDa(4, 3, activations=IntType(False, 4)),
    LutDa(8, 2, TwosComplement(-10, 10), IntType(False, 6)),
    LutDa(8, 2, APOT4, IntType(False, 6), addends=2, family=Family.XC7),
    LutDa(8, 2, INT4, IntType(True, 4), addends=2),
    LutDa(12, 1, TwosComplement(-128, 127)),
]


def sums(kind: PeKind, stream: Stream) -> IntArray:
    """What the simulated array gives for the vectors after the first swap."""
    cycles = stream.first + kind.latency + len(stream.expected)
    y = build(kind.component(), BUILD, MODELS).run(stream.inputs, cycles=cycles)["y"]
    return y.reshape(cycles, kind.addends, kind.tout).sum(axis=1)[stream.first + kind.latency :]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_sums_are_exact_with_tiles_back_to_back(kind: PeKind) -> None:
    rng = np.random.default_rng(1)
    tiles, sweeps = (
        one + other for one, other in zip(extreme_tiles(kind), random_tiles(kind, rng), strict=True)
    )
    stream = make_stream(kind, tiles, sweeps)
    assert np.array_equal(sums(kind, stream), stream.expected)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_one_wrong_weight_code_is_noticed(kind: PeKind) -> None:
    rng = np.random.default_rng(2)
    tiles, sweeps = random_tiles(kind, rng)
    stream = make_stream(kind, tiles, sweeps)
    position = int(np.flatnonzero(stream.inputs["load_valid"])[3 * kind.load_words])
    stream.inputs["load_word"][position] ^= 1
    wrong = np.flatnonzero((sums(kind, stream) != stream.expected).any(axis=1))
    swaps = np.flatnonzero(stream.inputs["swap"]) - stream.first
    assert wrong.size and swaps[3] <= wrong.min() and wrong.max() < swaps[4]


def test_a_late_swap_is_noticed() -> None:
    kind = KINDS[0]
    stream = make_stream(kind, *random_tiles(kind, np.random.default_rng(3)))
    stream.inputs["swap"] = np.roll(np.asarray(stream.inputs["swap"]), 1)
    assert not np.array_equal(sums(kind, stream), stream.expected)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_sum_width_is_what_the_worst_case_needs(kind: PeKind) -> None:
    low, high = kind.sum_range
    assert -(1 << (kind.sum_bits - 1)) <= low and high < 1 << (kind.sum_bits - 1)
    assert low < -(1 << (kind.sum_bits - 2)) or high >= 1 << (kind.sum_bits - 2)
    tiles, sweeps = extreme_tiles(kind)
    for tile, sweep in zip(tiles, sweeps, strict=True):
        reached = kind.product(tile, sweep) - kind.correction(tile)
        assert low <= reached.min() and reached.max() <= high


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_encoding_fills_the_declared_words(kind: PeKind) -> None:
    tile = random_tiles(kind, np.random.default_rng(4))[0][0]
    words = kind.encode(tile)
    assert len(words) == kind.load_words
    assert all(0 <= word < 1 << (8 * kind.tin) for word in words)


def test_encode_names_kind_and_weight() -> None:
    with pytest.raises(UserError, match=r"^int8_dsp: expected weights in \[-127, 127\], found -128$"):
        Int8Dsp(2, 2, low=-127).encode([[1, -128], [0, 0]])
    with pytest.raises(
        UserError, match=r"^int8_dsp: expected weights of the first 3 inputs alone, found others$"
    ):
        Int8Dsp(4, 2, inputs=3).encode([[1, 2, 3, 4], [0, 0, 0, 0]])
    with pytest.raises(ValueError, match=r"expected weights of shape \(2, 2\), got \(1, 2\)"):
        Int8Dsp(2, 2).encode([[1, 2]])


def test_no_array_without_inputs() -> None:
    with pytest.raises(ValueError, match="expected at least one input and one output, got 0 × 4"):
        IntMul(0, 4)
