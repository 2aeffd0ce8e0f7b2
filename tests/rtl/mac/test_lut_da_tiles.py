"""Tiles that share generators: which tables are filled with what, and when they may be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twofold.network.types import IntArray, IntType
from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.mac.lut_da_tiles import LutDaTiles
from twofold.rtl.mac.subset_sums import SubsetSumGenerator
from twofold.rtl.mac.weight_code import APOT4, INT4
from twofold.rtl.primitives.family import Family
from twofold.sim import primitives
from twofold.sim.benches.tile_fills import Fill, FillStream, random_fills
from twofold.sim.vectors import build
from twofold.synth.yosys import synthesise

BUILD = Path("build/vectors")
KIND = LutDa(4, 2, INT4, IntType(False, 4), addends=2)


def sums(design: LutDaTiles, stream: FillStream) -> IntArray:
    """[cycles, tiles, tout] from the first vector's on."""
    kind = design.kind
    cycles = len(stream.inputs["a"]) + kind.latency
    y = build(design, BUILD, primitives.XC7).run(stream.inputs, cycles=cycles)["y"]
    return y.reshape(cycles, design.tiles, kind.addends, kind.tout).sum(axis=2)[kind.latency :]


def is_exact(design: LutDaTiles, stream: FillStream) -> bool:
    return np.array_equal(sums(design, stream)[stream.first :], stream.expected[stream.first :])


@pytest.mark.parametrize(
    "design",
    [
        LutDaTiles(KIND, 4, 2),
        LutDaTiles(LutDa(8, 2, APOT4, IntType(True, 3), 2, Family.XC7), 2, 1, memory_latency=2),
    ],
    ids=["4 tiles, 2 generators", "2 tiles, 1 generator, APoT on xc7"],
)
def test_tiles_meet_their_own_weights(design: LutDaTiles) -> None:
    """Fills follow each other without a cycle between them, for single tiles and for several at once."""
    assert is_exact(design, random_fills(design, np.random.default_rng(1), sweeps=12))


def test_a_fill_takes_16_cycles_and_is_ready_after_17() -> None:
    design = LutDaTiles(KIND, 2, 1)
    everywhere = [Fill(generator=0, targets=0b11, start=16 * turn, weights=turn) for turn in range(6)]
    swaps = [fill.start + 17 for fill in everywhere]
    stream = FillStream.of(design, np.random.default_rng(2), everywhere, swaps)
    assert is_exact(design, stream)
    early = FillStream.of(design, np.random.default_rng(2), everywhere, [swap - 1 for swap in swaps])
    assert not is_exact(design, early)


def test_a_wrong_target_is_noticed() -> None:
    design = LutDaTiles(KIND, 4, 2)
    stream = random_fills(design, np.random.default_rng(3), sweeps=6)
    turn = int(np.flatnonzero(stream.inputs["targets"])[4])
    stream.inputs["targets"][turn] ^= 1
    assert not is_exact(design, stream)


def test_one_wrong_weight_is_noticed() -> None:
    design = LutDaTiles(KIND, 4, 2)
    stream = random_fills(design, np.random.default_rng(4), sweeps=6)
    stream.inputs["weights"][60, 0] ^= 1
    assert not is_exact(design, stream)


def test_shared_generator_is_smaller_than_one_a_tile() -> None:
    kind = LutDa(8, 8, INT4, IntType(False, 4), 2, Family.XC7)
    used = synthesise(LutDaTiles(kind, 2, 1), "tiles", cache=Path("build/synth"))
    # 16 columns of 6 bits, and few LUTs that hold step and subset
    generator = range(16 * 6, 16 * 6 + 24)
    assert used.lut - 2 * 8 * kind.tree.luts in generator
    assert used.lutram <= 2 * (8 * 8 * 4 + 8)
    assert used.dsp == 0


@pytest.mark.parametrize(("tiles", "generators"), [(3, 2), (0, 1), (2, 0)])
def test_tiles_divide_among_generators(tiles: int, generators: int) -> None:
    with pytest.raises(
        ValueError, match=f"^expected tiles that generators divide, got {tiles} and {generators}$"
    ):
        LutDaTiles(KIND, tiles, generators)


def test_a_generator_needs_a_target_and_a_memory() -> None:
    with pytest.raises(
        ValueError, match=r"^expected at least one target and one cycle of latency, got 0 and 1$"
    ):
        SubsetSumGenerator(KIND.layout, Family.PORTABLE, targets=0)
