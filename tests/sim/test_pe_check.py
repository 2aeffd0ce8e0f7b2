"""Arrays as written and as mapped to the cells of xc7, through one harness, and netlists with a wrong bit."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from twofold.network.types import IntType
from twofold.rtl.mac.apot_shift import ApotShift
from twofold.rtl.mac.int4_dsp import Int4Dsp
from twofold.rtl.mac.int8_dsp import Int8Dsp
from twofold.rtl.mac.int_mul import IntMul
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.mac.weight_code import APOT4
from twofold.rtl.primitives.family import Family
from twofold.sim.pe_check import Verdict, check, corner_tiles, simulate_netlist, simulate_rtl
from twofold.synth.netlist import Netlist
from twofold.synth.yosys import mapped_netlist

SYNTHESES, BUILDS = Path("build/synth"), Path("build/vectors")
VECTORS = 20_000

LUT_DA = LutDa(8, 2, APOT4, IntType(False, 4), addends=2, family=Family.XC7)
APOT_SHIFT = ApotShift(4, 2, activation_bits=4, family=Family.XC7)
INT8_DSP = Int8Dsp(4, 2, Family.XC7)
INT4_DSP = Int4Dsp(4, 4, Family.XC7)
INT_MUL = IntMul(4, 2, weight_bits=4)
KINDS = [LUT_DA, APOT_SHIFT, INT8_DSP, INT4_DSP, INT_MUL]


@cache
def mapped(kind: PeKind) -> Netlist:
    return mapped_netlist(kind.component(), "pe", cache=SYNTHESES)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_rtl_and_netlist_give_exact_products(kind: PeKind) -> None:
    for simulation in (simulate_rtl(kind, BUILDS), simulate_netlist(kind, mapped(kind), BUILDS)):
        verdict = check(kind, simulation, vectors=VECTORS, seed=1)
        assert verdict.passed and verdict.vectors >= VECTORS


def test_a_netlist_with_one_wrong_bit_fails() -> None:
    netlist = mapped(LUT_DA)
    # The lowest bit of the sum of three zeros, I5 being 1: the corner vectors have them.
    lut = next(name for name in netlist.cells if name.endswith("adder.lut_0"))
    broken = simulate_netlist(LUT_DA, netlist.with_flipped_bit(lut, 32), BUILDS)
    assert not check(LUT_DA, broken, vectors=1, seed=1).passed


def test_no_vectors_are_no_pass() -> None:
    assert not Verdict(vectors=0, wrong=0, seconds=0.0).passed
    assert not Verdict(vectors=9, wrong=1, seconds=0.0).passed


def test_corners_have_all_pairs_of_extremes() -> None:
    tiles, sweeps = corner_tiles(INT_MUL)
    corners = [-8, -7, -1, 0, 1, 6, 7]
    found = [(int(tile[0, 0]), int(tile[0, 1])) for tile in tiles]
    assert found == [(even, odd) for even in corners for odd in corners]
    assert all(np.array_equal(tile[0, 1:], tile[1, :-1]) for tile in tiles)
    low_and_high = {(int(row[0]), int(row[1])) for row in sweeps[0]}
    assert {(-128, -128), (-128, 255), (255, -128), (255, 255)} < low_and_high
